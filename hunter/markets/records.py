"""Replies as typed values, record by record: what cannot be read is named, and costs nothing but itself.

The reader is strict, and so are the types. Two things that other servers take for JSON are mended first, as
they may stand in a field that nobody here looks at: signs that are no JSON (NaN, Infinity, half of a pair of
surrogates, bytes that are no UTF-8) become text, and so does what is nested too deep. Where a number belongs,
such a text is a record that cannot be read.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec

from hunter.markets.protocol import Instance
from hunter.values.offers import Rejected, Tenancy
from hunter.values.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

DEEPEST = 60
"""How deep values may be nested; offers and instances of both markets need six levels."""
MENDED_BYTES = 2**20
"""A longer reply with a mistake in it is refused whole: looking for it takes half a second a MB."""
RECORD_BYTES = 2**18
"""Of one record; Vast's offers have 3 kB, a pod with its environment 40 kB at most."""
LONGEST_NAME = 80
LONGEST_REASON = 200
UNNAMED = "?"
"""How the name of a record begins that has none."""

MOST_ROWS = 20_000
"""Of one list; 2,000 offers are the most that is ever asked for."""
Rows = Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MOST_ROWS)]
"""Records of a reply, unread."""

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A count or an id: what a float holds exactly."""
Number = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
"""Any measure that a market states."""
Amount = Annotated[float, msgspec.Meta(ge=0, le=1e6)]
"""Dollars."""
Size = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
"""GB, MiB and the like."""


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A record that cannot be read."""

    raw: msgspec.Raw
    reason: str

    @property
    def name(self) -> str:
        """The market's id of it; a made-up one with UNNAMED where it has none."""
        for found in (self.text("id"), self.text("podId")):
            if found:
                name = cleaned(found, LONGEST_NAME)
                if name.strip():
                    return name
        return f"{UNNAMED}{zlib.crc32(bytes(self.raw)):08x}"

    def text(self, field: str) -> str | None:
        """A text or whole number of the record, as text; None where it has none."""
        found = self.field(field)
        if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
            return None
        return str(found)

    def field(self, name: str) -> Any:
        """One field as it stands in the record; None where it has none that can be read."""
        if len(memoryview(self.raw)) > RECORD_BYTES:
            return None
        try:
            found = decode(self.raw, dict[str, msgspec.Raw]).get(name)
            return None if found is None else decode(found, Any)
        except ValueError:
            return None

    @property
    def rejected(self) -> Rejected:
        """What is put on record of it."""
        return Rejected(record=self.name, reason=self.reason[:LONGEST_REASON])


@lru_cache(maxsize=64)
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_)


def decode(body: bytes | msgspec.Raw, type_: type[T]) -> T:
    """A reply as a value of this type; ValueError, and nothing else, where it is none.

    >>> decode(b'{"price": "2.99", "noise": Infinity}', dict[str, str])
    {'price': '2.99', 'noise': 'Infinity'}
    """
    decoder: msgspec.json.Decoder[T] = _decoder(type_)  # type: ignore[arg-type]
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        try:
            return decoder.decode(mended(bytes(body)))
        except RecursionError:
            raise ValueError("its values are nested too deep") from error


def records(rows: Iterable[msgspec.Raw], type_: type[T]) -> tuple[list[T], list[Unread]]:
    """Those records that can be read, and those that cannot."""
    read: list[T] = []
    unread: list[Unread] = []
    for raw in rows:
        if len(memoryview(raw)) > RECORD_BYTES:
            unread.append(Unread(raw=raw, reason="it is longer than any record"))
            continue
        try:
            read.append(decode(raw, type_))
        except ValueError as error:
            unread.append(Unread(raw=raw, reason=str(error)))
    return read, unread


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]|-?(?:NaN|Infinity)\b', re.DOTALL)
_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
                   rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\[^u]")  # fmt: skip


def mended(body: bytes) -> bytes:
    """A reply in which what no JSON reader takes has become text; as it was where it is too long for that.

    >>> mended(b'{"a": NaN, "b": "NaN", "c": -Infinity}')
    b'{"a": "NaN", "b": "NaN", "c": "-Infinity"}'
    """
    if len(body) > MENDED_BYTES:
        return body
    body = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").encode()
    out: list[bytes] = []
    depth = done = 0
    for token in _TOKEN.finditer(body):
        sign, begin = token[0], token.start()
        first = sign[:1]
        if first in b"[{":
            depth += 1
            if depth == DEEPEST:
                out.append(body[done:begin] + b'"nested too deep"')
        elif first in b"]}":
            if depth == DEEPEST:
                done = token.end()
            depth -= 1
        elif depth < DEEPEST:
            new = _PAIR.sub(_whole_pair, sign) if first == b'"' else b'"' + sign + b'"'
            if new != sign:
                out.append(body[done:begin] + new)
                done = token.end()
    return body if not out else b"".join(out) + (body[done:] if depth < DEEPEST else b"")


def _whole_pair(found: re.Match[bytes]) -> bytes:
    """An escape as it is, but half of a pair of surrogates as the sign for what cannot be read."""
    halved = len(found[0]) == len(rb"\ud800") and found[0][:2] == rb"\u"
    return rb"\ufffd" if halved else found[0]


def unclear_instance(market: str, row: Unread, *, label: str) -> Instance:
    """What is told of an instance whose record cannot be read: it may run, and it may be ours.

    `label` is the field in which its market keeps the name that the renter gave it.
    """
    said = row.field(label)
    return Instance(
        market=market,
        instance_id=row.name,
        label=said if isinstance(said, str) else None,
        state="unclear",
        detail=f"its row cannot be read: {row.reason}",
        tenancy=Tenancy.ON_DEMAND,
        gpu="?",
        gpu_count=1,
        price_usd_h=None,
    )
