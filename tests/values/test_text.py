"""Text from outside: whatever is written, one line of it is only ever shown."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.values.text import LONGEST, MOST_MARKS, cleaned, cleaned_lines, defused, is_clean

wild = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Mn"]),
        st.sampled_from("\x1b\x9b\x9d\x07[];?m\\"),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Oslo\x1b]0;owned\x07, NO", "Oslo, NO"),
        ("\x1b]8;;http://evil.example\x1b\\Texas\x1b]8;;\x1b\\", "Texas"),
        ("\x9d52;c;cm0=\x9cParis", "Paris"),
        ("\x1b[3;7HA\x1b[1;31mB\x9b2J", "AB"),
        ("\x1bPq#0\x1b\\C\x1b_G\x1b\\D\x1bcE\x1b(0F", "CDEF"),
        ("\x1b]52;never ends", "52;never ends"),
        ("a\0b\x08c\x7fd", "abcd"),
        ("one\r\ntwo\u2028three\x85four\tfive", "one  two three four five"),
        ("\u202egnp.exe\u2066 x\u200bx\ufeff\u00ad", "gnp.exe xx"),
        ("half \udc80 \ud83d", "half � �"),
        ("H\u3164\u115f\u2800\ufe0f\U000e0101I", "HI"),
        ("Åre – München 東京 ×2 €", "Åre – München 東京 ×2 €"),
        ("  RTX 5090 ", "RTX 5090"),
    ],
)
def test_what_is_shown_is_all_there_is(text: str, left: str) -> None:
    assert cleaned(text) == left
    assert is_clean(text) == (text.strip(" ") == left)


@given(wild, st.integers(2, 40))
def test_cleaned_text_is_short_printable_and_stays_as_it_is(text: str, most: int) -> None:
    once = cleaned(text, most)
    assert len(once) <= most
    assert once.isprintable()
    assert cleaned(once, most) == once
    assert is_clean(once)
    once.encode()


@given(wild)
def test_lines_keep_their_breaks_and_nothing_else(text: str) -> None:
    shown = cleaned_lines(text)
    assert all(line.isprintable() for part in shown.split("\n") for line in part.split("\t"))
    assert cleaned_lines(shown) == shown


def test_a_hundred_thousand_characters_are_cut() -> None:
    assert cleaned("x" * 100_000) == "x" * (LONGEST - 1) + "…"
    assert len(cleaned("\x1b[31mя" * 20_000)) <= LONGEST


def test_marks_do_not_pile_up_on_one_letter() -> None:
    pile = cleaned("e" + "\u0301" * 5000 + "f")
    assert sum(unicodedata.category(sign) == "Mn" for sign in pile) == MOST_MARKS


@pytest.mark.parametrize("sign", ["\x9d", "\x1b]", "\x1b[", "\x1b[0;", "\x1bP", "\x90"])
def test_sequences_without_an_end_take_no_more_than_their_length(sign: str) -> None:
    assert "\x1b" not in cleaned_lines(sign * 60_000)  # squared, this would not come to an end


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\rx", "'\rx"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("a;=1", "a;'=1"),
        ("-0.25", "-0.25"),
        ("+1e9", "+1e9"),
        ("H100-SXM=80", "H100-SXM=80"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula_and_numbers_stay_numbers(cell: str, written: str) -> None:
    assert defused(cell) == written


@given(wild)
def test_a_defused_cell_never_begins_a_formula(text: str) -> None:
    rows = csv.reader(io.StringIO(defused(cleaned(text))), delimiter=";")
    for row in rows:
        for cell in row:
            try:
                float(cell)
            except ValueError:
                assert cell.lstrip()[:1] not in ("=", "+", "-", "@")
