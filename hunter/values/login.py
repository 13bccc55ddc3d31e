"""Where one logs in: an address, a port and a user that ssh cannot mistake for anything else.

What a market or the database says is text of somebody else's. It becomes a login here or nowhere, so that
no word of it can become an option of ssh or a word of the user's shell.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from dataclasses import dataclass

HOST_LENGTH = 253
"""Of a host's name, dots included (RFC 1123, RFC 1035)."""
LAST_PORT = 65535
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_TOLD = re.compile(
    r"(?:ssh )?-p ([0-9]{1,5}) (?:-- )?([A-Za-z0-9_-]{1,64})@([A-Za-z0-9.:-]{1,253})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A way in over ssh. It cannot be made of what is no address, no port or no user: ValueError.

    >>> Login(host="1.2.3.4", port=30022).command
    'ssh -p 30022 -- root@1.2.3.4'
    """

    host: str
    port: int
    user: str = "root"

    def __post_init__(self) -> None:
        if not is_host(self.host):
            raise ValueError("that is no address and no host's name")
        if type(self.port) is not int or not 1 <= self.port <= LAST_PORT:
            raise ValueError(f"a port is a whole number from 1 to {LAST_PORT}")
        if not _USER.fullmatch(self.user):
            raise ValueError("that is no user's name")

    def argv(self) -> list[str]:
        """The command in words; what follows `--` is never an option."""
        return ["ssh", "-p", str(self.port), "--", f"{self.user}@{self.host}"]

    @property
    def command(self) -> str:
        """The command as one line, safe to paste into a shell."""
        return shlex.join(self.argv())

    @property
    def arguments(self) -> str:
        """The command without its first word, for whoever adds options of their own."""
        return shlex.join(self.argv()[1:])


def login_at(host: object, port: object) -> Login | None:
    """The login that a market's record describes; None where its words cannot be one."""
    if not isinstance(host, str) or not isinstance(port, int):
        return None
    try:
        return Login(host=host, port=port)
    except ValueError:
        return None


def port_of_digits(value: object) -> object:
    """A port that a market sends as text, as a number; whatever else it sends stays as it is."""
    return int(value) if isinstance(value, str) and _PORT.fullmatch(value) else value


def login_told(text: str) -> Login | None:
    """The login in a line that was written down earlier, today's `command` or an older Hunter's.

    >>> login_told("-p 30022 root@1.2.3.4") == login_told("ssh -p 30022 -- root@1.2.3.4")
    True
    >>> login_told("-p 22 root@1.2.3.4 -oProxyCommand=true") is None
    True
    """
    found = _TOLD.fullmatch(text)
    if not found:
        return None
    try:
        return Login(host=found[3], port=int(found[1]), user=found[2])
    except ValueError:
        return None


def is_host(host: object) -> bool:
    """Whether it is an IP address, or a name of letters, digits and hyphens only."""
    if not isinstance(host, str) or not 0 < len(host) <= HOST_LENGTH or "%" in host:
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(_NAME.fullmatch(host)) and not host.rpartition(".")[2].isdigit()
    return True
