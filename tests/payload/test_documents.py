"""JSON that nobody vouches for: one error for all that can be wrong, and null is nothing."""

from __future__ import annotations

import msgspec
import pytest

from hunter.payload.documents import absent, believable, parsed
from hunter.values.errors import PayloadError


class Thing(msgspec.Struct):
    n: int = 0
    text: str | None = None
    rest: dict[str, object] | None = None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no",
        b"null",
        b"[]",
        b'"n"',
        b'{"n": "1"}',
        b'{"n": 1.5}',
        b'{"n": ' + b"9" * 4301 + b"}",
        b'{"rest": {"a": ' + b"9" * 100_000 + b"}}",
        b'{"n": 1e999}',
        b'{"n": NaN}',
        b"[" * 100_000,
        b'{"other": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"rest":' + b'{"a":' * 100_000,
        b'{"text": "\xff"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"text": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        '{"n": 1}'.encode("utf-16"),
        b'{"n": 1}{"n": 2}',
    ],
    ids=range(20),
)
def test_whatever_is_wrong_is_one_sentence(body: bytes) -> None:
    with pytest.raises(PayloadError, match=r"^It is odd: [^\n]{1,220}\.$") as error:
        parsed(body, Thing, "It is odd", "Do that.")
    assert error.value.remedy == "Do that."
    assert believable(msgspec.Raw(body), Thing) is None


def test_null_is_nothing() -> None:
    assert parsed(b'{"text": null, "rest": null}', Thing, "", "") == Thing()
    assert absent(b" null\n")
    assert absent(msgspec.Raw())
    assert not absent(b"0")
