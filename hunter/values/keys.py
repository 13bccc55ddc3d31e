"""Keys: checked when they are read, and never part of a sentence.

A key with a line break or a sign outside ASCII makes an HTTP library fail with the key in its words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hunter.values.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_KEY = 4096
"""Tokens that carry claims have some 2,000 characters."""
SHORTEST_SECRET = 8
"""What is shorter guards nothing, and may be part of any word."""
_SECRET_NAME = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)$", re.I)
"""How variables of the environment are called that hold secrets, whosoever they are."""
_KEY = re.compile(rf"[!-~]{{1,{LONGEST_KEY}}}")
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")
"""What an address and a quotation leave as it is."""
_KNOWN: set[str] = set()
"""Every secret that this process has read. The one thing here that changes: a message may come from anywhere,
and whoever prints it cannot know which key was in use where it was made."""


def checked_key(text: str, place: str) -> str | None:
    """A key as it was read, without the blanks around it; None where nothing is left.

    Raises ConfigError, which names the place and never the key, where it cannot be one.

    >>> checked_key(" abc-123\\n", "VAST_API_KEY"), checked_key(" ", "VAST_API_KEY")
    ('abc-123', None)
    """
    key = text.strip()
    if not key:
        return None
    if not _KEY.fullmatch(key):
        raise ConfigError(
            f"{place} holds no key: there is a blank, a line break or a sign outside ASCII in it, or it "
            f"is longer than {LONGEST_KEY:,} characters.",
            remedy="Copy the key again, alone on one line.",
        )
    return key


def remember(secrets: Iterable[str | None]) -> None:
    """Keep these out of every message from now on."""
    _KNOWN.update(secret for secret in secrets if secret and len(secret) >= SHORTEST_SECRET)


def hidden(text: str, *secrets: str | None) -> str:
    """A text for people without these secrets and without those remembered, however they are written in it.

    >>> hidden("url: /x?api_key=0123%2B4567 failed", "0123+4567", None)
    'url: /x?api_key=*** failed'
    """
    given = {s for s in secrets if s and len(s) >= SHORTEST_SECRET}
    for secret in sorted(given | _KNOWN, key=len)[::-1]:
        for written in _written(secret):
            text = text.replace(written, "***")
    return text


def _written(secret: str) -> set[str]:
    """Every way in which a secret may stand in a sentence."""
    if _PLAIN.fullmatch(secret):
        return {secret}
    from urllib.parse import quote  # noqa: PLC0415  4 ms, only for keys that an address changes

    return {secret, quote(secret, safe=""), repr(secret)[1:-1]}


def secrets_in(environ: Mapping[str, str]) -> list[str]:
    """What the environment holds under names that secrets have.

    >>> secrets_in({"SOME_API_KEY": "abc-123", "HF_TOKEN": "hf_1", "HOME": "/root"})
    ['abc-123', 'hf_1']
    """
    return [value.strip() for name, value in environ.items() if _SECRET_NAME.search(name)]
