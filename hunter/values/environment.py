"""Variables of a container: which names and values can be set at all, and which are not the user's to set."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from hunter.values.keys import SHORTEST_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_NAME = 255
MOST_VALUE_BYTES = 32_768
"""Of one value."""
MOST_BYTES = 131_072
"""Of all names and values: what Linux takes as one argument (MAX_ARG_STRLEN)."""
_NAME = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{LONGEST_NAME - 1}}}")


class RefusedVariable(Exception):
    """A variable that cannot be set: `key` names it, the message says why and never its value."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(why)
        self.key = key


def check_environment(
    env: Mapping[str, str], reserved: Mapping[str, str], keys: Iterable[str] = ()
) -> None:
    """Raise RefusedVariable for the first variable that cannot be set.

    Args:
        env: the variables.
        reserved: names that markets set themselves, `*` standing for the rest of a name, and whose they are.
        keys: keys of the markets' accounts, which no container needs and any host could read.
    """
    secrets = [key for key in keys if len(key) >= SHORTEST_SECRET]
    for name, value in env.items():
        if not _NAME.fullmatch(name):
            why = "a name has letters, digits and underscores, and begins with no digit"
            raise RefusedVariable(name[:40], why)
        for pattern, market in reserved.items():
            if fnmatchcase(name.upper(), pattern):
                raise RefusedVariable(name, f"{market} keeps the name {pattern} for itself")
        if "\0" in value or not _is_text(value):
            raise RefusedVariable(name, "its value holds a sign that no variable can hold")
        if len(value.encode()) > MOST_VALUE_BYTES:
            raise RefusedVariable(name, f"its value is longer than {MOST_VALUE_BYTES:,} bytes")
        if any(secret in value for secret in secrets):
            raise RefusedVariable(
                name, "it holds the key of a market's account, which a host could read"
            )
    whole = sum(len(name) + len(value.encode()) for name, value in env.items())
    if whole > MOST_BYTES:
        raise RefusedVariable("", f"all variables together are longer than {MOST_BYTES:,} bytes")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # half a pair of surrogates
        return False
    return True
