"""Sizes as they are remembered."""

from __future__ import annotations

import pytest

from hunter.payload.sizes import decoded

DEEP = b'{"x": ' + b"[" * 9000 + b"]" * 9000 + b"}"
ODD = [b"", b"{", b"[]", b"\xff", b'{"ref": 1}', DEEP]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_what_cannot_be_read_was_never_learnt(body: bytes) -> None:
    assert decoded(body) is None
