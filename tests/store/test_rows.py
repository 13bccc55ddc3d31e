"""Wrong shapes on disk: what cannot be read is passed over or said in a sentence, and hides nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from hunter.store import Store, evidence, history, latest, leases, polls
from hunter.store.payloads import PayloadMemory
from hunter.store.rows import fetch_as
from hunter.store.settings import read_clock, write_clock
from hunter.values.clock import Pace
from hunter.values.columns import Offers, Text
from hunter.values.errors import StoreError
from tests.builders import NOW, offer
from tests.store.recorded import A, B, poll

if TYPE_CHECKING:
    from collections.abc import Callable

WRONG = ["null", "17", "x'ff00'", "'[1]'", "'{'", "-1e999"]


def spoilt(store: Store, sql: str) -> None:
    with store.writing() as db:
        db.execute(sql)


class _Setting(msgspec.Struct):
    name: str
    value: str


def test_a_row_of_another_shape_hides_no_other(store: Store) -> None:
    spoilt(store, "insert into setting values ('a', 'b'), ('c', null), (x'ff', 'd')")
    names = [one.name for one in fetch_as(store, _Setting, "select * from setting")]
    assert "a" in names
    assert "c" not in names


@pytest.mark.parametrize("value", WRONG)
def test_a_board_that_is_none_is_a_sentence_and_the_next_poll_mends_it(
    store: Store, value: str
) -> None:
    poll(store, [A])
    spoilt(store, f"update board set columns = {value}")
    with pytest.raises(StoreError, match="board"):
        latest.read(store)
    poll(store, [A, B])
    assert len(latest.read(store)) == 2


def shifted(board: dict[str, Any]) -> None:
    board["texts"]["gpu"][0] = np.array([7], "<i4").tobytes()


def shorter(board: dict[str, Any]) -> None:
    board["numbers"]["vram_gb"] = b""


def halved(board: dict[str, Any]) -> None:
    board["numbers"]["vram_gb"] = b"\0\0\0"


def nameless(board: dict[str, Any]) -> None:
    board["texts"]["market"][2] = [None]


def priceless(board: dict[str, Any]) -> None:
    board["numbers"]["price_usd_h"] = np.array([np.nan], "<f8").tobytes()


def without(board: dict[str, Any]) -> None:
    del board["texts"]["tenancy"]


@pytest.mark.parametrize("damage", [shifted, shorter, halved, nameless, priceless, without])
def test_columns_that_do_not_belong_together_are_no_board(
    damage: Callable[[dict[str, Any]], None],
) -> None:
    board = msgspec.msgpack.decode(latest.encode(Offers.of([offer("A $1/h")])))
    damage(board)
    with pytest.raises((ValueError, KeyError)):
        latest.decode(msgspec.msgpack.encode(board))


@pytest.mark.parametrize(
    "value",
    [*WRONG, "'{\"speed\": 0}'", "'{\"speed\": \"x\"}'", "'{\"speed\": 1e300}'", "'{\"market_s\": 1e999}'",
     "'" + "[" * 50_000 + "'"],
    ids=range(len(WRONG) + 5),
)  # fmt: skip
def test_a_clock_that_is_none_is_a_sentence(store: Store, value: str) -> None:
    write_clock(store, Pace(market_s=NOW, wall_s=NOW, speed=30.0))
    assert read_clock(store, simulated=True).speed == 30.0
    spoilt(store, f"update setting set value = {value}")
    with pytest.raises(StoreError, match="clock of the embedded market") as caught:
        read_clock(store, simulated=True)
    assert len(str(caught.value)) < 400
    assert caught.value.remedy


@pytest.mark.parametrize("value", WRONG[1:])
def test_quotes_polls_charges_and_measurements_of_another_shape_are_passed_over(
    store: Store, value: str
) -> None:
    poll(store, [A, B])
    spoilt(store, f"update quote set price_usd_h = {value} where offer_id = 'a'")
    spoilt(store, f"insert into poll (market, started_at) values ({value}, {value})")
    spoilt(
        store,
        f"insert into observation (lease_id, quantity, at, value) values ('x', {value}, 1, 'y')",
    )
    spoilt(store, f"insert into charge (lease_id, item, usd) values ('x', 'gpu', {value})")
    spoilt(store, f"insert into payload values ('k', {value}, {value})")
    assert "b" in history.quoted_between(store, 0.0, NOW + 1).offer_id.values
    assert "vast" in [one["market"] for one in polls.last_polls(store)]
    assert evidence.read(store) == []
    assert all(np.isfinite(usd) for usd in leases.charges(store, "x").values())
    found = PayloadMemory(store).get("k")
    assert found is None or isinstance(found[0], bytes)


def test_a_column_of_texts_is_checked_at_both_ends() -> None:
    blob = latest.encode(Offers.of([offer("A $1/h")]))
    offers = latest.decode(blob)
    assert isinstance(offers.gpu, Text)
    assert latest.decode(blob)[0] == offer("A $1/h")
