"""JSON of servers and files that are not trusted, as typed values. Whatever is wrong with it, one error.

Optional texts are `str | None`: `null` is as good as nothing, as the clients in Go have it.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from hunter.values.errors import PayloadError

Document = TypeVar("Document")


def parsed(body: bytes | msgspec.Raw, kind: type[Document], wrong: str, remedy: str) -> Document:
    """A document as a type.

    Args:
        body: JSON.
        kind: a struct, with the bounds of its numbers.
        wrong: the sentence for a document that is something else, without its reason and full stop.
        remedy: what to do about it.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except RecursionError as error:
        raise PayloadError(f"{wrong}: it is nested too deep.", remedy=remedy) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PayloadError(f"{wrong}: {_reason(error)}.", remedy=remedy) from error


def believable(body: msgspec.Raw, kind: type[Document]) -> Document | None:
    """One record of many; None where it is something else, and is passed over."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def absent(body: bytes | msgspec.Raw) -> bool:
    """Whether a document, or a record of one, is nothing or `null`."""
    return bytes(body).strip() in (b"", b"null")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "it is not written in UTF-8"
    return " ".join(str(error).split())[:200].rstrip(".")
