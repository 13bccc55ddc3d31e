"""Replies are read record by record: what cannot be read costs nothing but itself."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.markets.records import (
    MENDED_BYTES,
    MOST_ROWS,
    RECORD_BYTES,
    UNNAMED,
    Number,
    Rows,
    decode,
    mended,
    records,
)


class Row(msgspec.Struct):
    id: int
    price: Number | None = None


class Reply(msgspec.Struct):
    rows: Rows


def read(*rows: bytes) -> tuple[list[int], list[str]]:
    found = decode(b'{"rows": [' + b",".join(rows) + b"]}", Reply).rows
    good, bad = records(found, Row)
    return [row.id for row in good], [row.name for row in bad]


DEEP = b"[" * 100_000 + b"]" * 100_000
KEYS = b'{"a":' * 5_000 + b"1" + b"}" * 5_000


@pytest.mark.parametrize(
    "noise",
    [b"NaN", b"Infinity", b"-Infinity", DEEP, KEYS, b'"\\ud800"', b'"\\udc00x"', b'"\xff\xfe"', b"1e999",
     b"9" * 5000, b'"' + b"x" * 10_000 + b'"'],
    ids=lambda noise: repr(noise[:12]),
)  # fmt: skip
def test_nonsense_in_a_field_that_nobody_reads_costs_nothing(noise: bytes) -> None:
    assert read(b'{"id": 1}', b'{"noise": ' + noise + b', "id": 2}', b'{"id": 3}') == (
        [1, 2, 3],
        [],
    )


@pytest.mark.parametrize(
    "price",
    [b"NaN", b"-Infinity", b"1e999", b"1e300", b"-1e16", b"9" * 5000, b'"2.99"', DEEP, KEYS, b"true", b"[]",
     b'"\\ud800"'],
    ids=lambda price: repr(price[:12]),
)  # fmt: skip
def test_nonsense_where_a_number_belongs_costs_its_record_and_names_it(price: bytes) -> None:
    assert read(b'{"id": 1}', b'{"id": 2, "price": ' + price + b"}", b'{"id": 3}') == (
        [1, 3],
        ["2"],
    )


@pytest.mark.parametrize("row", [b"null", b"1", b'"x"', b"[]", b"true", b"{}", b'{"id": null}'])
def test_what_is_no_record_is_one_without_a_name(row: bytes) -> None:
    good, [name] = read(b'{"id": 1}', row)
    assert good == [1]
    assert name.startswith(UNNAMED)


def test_records_without_a_name_are_told_apart() -> None:
    assert len(set(read(b"1", b"2", b"null")[1])) == 3


def test_a_record_longer_than_any_is_rejected_unread() -> None:
    good, [name] = read(b'{"id": 1}', b'{"id": 2, "x": "' + b"a" * RECORD_BYTES + b'"}')
    assert good == [1]
    assert name.startswith(UNNAMED)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"rows": 1}', b"<html>", b'{"rows": [{"id": 1}', DEEP, b"\xff" * 100,
     b"[" * (MENDED_BYTES + 1), b'{"rows": [' + b"1," * MOST_ROWS + b"1]}"],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_a_reply_that_is_none_is_a_value_error_and_nothing_else(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(body, Reply)


def test_a_mark_at_the_beginning_is_no_part_of_the_reply() -> None:
    assert decode(b"\xef\xbb\xbf{}", dict[str, Any]) == {}


trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=20,
)  # fmt: skip


@given(trees)
def test_what_is_json_stays_as_it_is(tree: Any) -> None:
    body = json.dumps(tree).encode()
    assert json.loads(mended(body)) == tree


@given(st.binary(max_size=200) | st.text('[]{}",:\\u1dcNaInfity-e9 ').map(str.encode))
def test_whatever_comes_is_a_value_or_a_value_error(body: bytes) -> None:
    try:
        decode(body, dict[str, Any])
    except ValueError:
        return
