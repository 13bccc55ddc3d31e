"""What a server that refuses asks for: the challenges of `WWW-Authenticate` (RFC 9110, 11.6.1).

There may be several, in one header or in many, in any order, and commas part both challenges and the
parameters of one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_HEADER = 16_384
"""What is read of all challenges together; a few hundred characters are usual."""
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_GAP = re.compile(r"[\s,]*")
_PARAMETER = re.compile(rf'({_WORD})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.S)
_SCHEME = re.compile(rf"({_WORD})(?=[ \t,]|$)(?:[ \t]+[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$)))?")
"""With a blob behind it, if there is one, as of Negotiate."""
_NEXT = re.compile(r"[^,]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One way in that a server offers. Names are in small letters."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


def challenges(headers: Iterable[str]) -> list[Challenge]:
    """Every challenge of these headers, in their order; what is none is passed over.

    >>> [found.scheme for found in challenges(['Negotiate, Basic realm="a, b"', "bearer realm=x"])]
    ['negotiate', 'basic', 'bearer']
    """
    found: list[Challenge] = []
    for text in headers:
        found += _of_header(text[:LONGEST_HEADER])
    return found


def _of_header(text: str) -> list[Challenge]:
    found: list[Challenge] = []
    at = 0
    while (at := _end(_GAP, text, at)) < len(text):
        if parameter := _PARAMETER.match(text, at):
            name, quoted, bare = parameter.groups()
            value = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.S)
            if found:
                found[-1].parameters.setdefault(name.lower(), value)
            at = parameter.end()
        elif scheme := _SCHEME.match(text, at):
            found.append(Challenge(scheme=scheme[1].lower()))
            at = scheme.end()
        else:
            at = max(_end(_NEXT, text, at), at + 1)
    return found


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
