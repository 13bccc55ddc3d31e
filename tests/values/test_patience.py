"""For how long a server asks to be left alone, in whatever way it says so."""

from __future__ import annotations

import pytest

from hunter.values.patience import retry_after_s

NOON = 1_795_003_200.0  # Wed, 18 Nov 2026 12:00:00 UTC


@pytest.mark.parametrize(
    ("text", "pause_s"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Wed, 18 Nov 2026 12:00:30 GMT", 30.0),
        ("Wednesday, 18-Nov-26 12:00:30 GMT", 30.0),  # RFC 850, as HTTP allows still
        ("Wed Nov 18 12:00:30 2026", 30.0),  # asctime, likewise
        ("Wed, 18 Nov 2026 12:00:30 -0000", 30.0),  # a zone that says nothing is UTC
        ("Wed, 18 Nov 2026 11:00:00 GMT", 0.0),  # past: come at once
    ],
)
def test_seconds_and_dates_are_read(text: str, pause_s: float) -> None:
    assert retry_after_s(text, NOON) == pause_s


@pytest.mark.parametrize(
    "text",
    ["", "²", "١٢", "-5", "1.5", "1e9", "nan", "inf", "9" * 400, "soon", "Wed, 99 Nov 2026 12:00:30 GMT",
     "Wed, 18 Nov 99999 12:00:30 GMT"],
)  # fmt: skip
def test_what_cannot_be_read_is_as_good_as_silence(text: str) -> None:
    assert retry_after_s(text, NOON) is None
