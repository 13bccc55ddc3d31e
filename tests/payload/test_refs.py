"""What references may look like, and what of them may be shown."""

from __future__ import annotations

import pytest

from hunter.payload.refs import parse_payload_ref, shown
from hunter.values.errors import UsageError


@pytest.mark.parametrize("text", ["https://[::1", "http://", "https:///x", "https://]/"])
def test_an_address_without_a_host_is_no_reference(text: str) -> None:
    with pytest.raises(UsageError):
        parse_payload_ref(text)


@pytest.mark.parametrize(
    ("ref", "told"),
    [
        ("https://a:b@h/x", "https://h/x"),
        ("http://tok@h:8080", "http://h:8080"),
        ("https://h/x@y?a=1", "https://h/x@y"),
        ("https://h?sig=1", "https://h"),
        ("https://a:b@c@h/#x", "https://h/"),
        ("ghcr.io/a/b@sha256:0", "ghcr.io/a/b@sha256:0"),
    ],
)
def test_what_may_be_a_key_is_not_shown(ref: str, told: str) -> None:
    assert shown(ref) == told


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3000 + "b", "a\ud800b"])
def test_what_no_file_can_be_called_is_no_file(name: str) -> None:
    assert parse_payload_ref(name).kind == "image"
