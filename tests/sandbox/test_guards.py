"""Rented machines really run the dead-man switch, with whatever the image has, and nothing else that was sent."""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from hunter.facts.shipped import shipped
from hunter.markets.guard import with_guard
from hunter.markets.protocol import Guard, Order
from hunter.markets.runpod.order import graphql_input, guarded_words
from hunter.markets.vast.creating import carrier
from hunter.sandbox.callers import Refused
from hunter.sandbox.facts import sandbox_facts
from hunter.sandbox.faults import parse
from hunter.sandbox.guards import Guards, sent_guard
from hunter.sandbox.market import SandboxMarket, Settings
from hunter.sandbox.rental import Rental, Turn
from hunter.sandbox.server import Options, running
from tests.builders import offer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPEED = 600.0
"""Ten of the market's minutes a second."""
TOOLS = ("sh", "mkdir", "mv", "rm", "tr", "sed")
CLIENTS = ("curl", "wget", "python3")
WITHIN_S = 30.0
LONG_S = 1e6
"""Longer than any test."""


@dataclass(kw_only=True)
class Yard:
    """An embedded market, with machines that run from the moment they are placed."""

    url: str
    market: SandboxMarket
    guards: list[Guards] = field(default_factory=list)

    def place(
        self,
        name: str = "vast",
        *,
        ttl_s: float,
        command: str | None = "true",
        **changes: str | None,
    ) -> int:
        order = Order(
            offer=offer("RTX 4090 $0.3/h #1"), label="x", image="a:1", disk_gb=10.0, env={},
            command=command, guard=Guard(ttl_s=ttl_s),
        )  # fmt: skip
        now = self.market.now()
        with self.market.open() as page:
            number = page.next_number
            page.next_number += 1
            rental = Rental(
                number=number, market=name, account="me", machine=0, gpu="RTX 4090", gpu_count=1,
                image="a:1", onstart=self.sent(name, order), disk_gb=10.0, gpu_usd_h=0.3,
                storage_usd_gb_month=0.1, storage_stopped_usd_gb_month=0.1, created_at=now,
                end_at=now + 1e9, history=[Turn(now, "running")], starts=1,
                own_key=("a" * 64 if name == "vast" else "rpa_" + "A" * 40),
            )  # fmt: skip
            page.rentals.append(replace(rental, **changes))
        return number

    def sent(self, name: str, order: Order) -> str | None:
        if name == "vast":
            return with_guard(order, shipped().guard, carrier(self.url))
        return str(
            graphql_input(order, guarded_words(order, shipped().guard, self.url))["dockerArgs"]
        )

    def run(self, tools: Path | None = None) -> Guards:
        """The machines have power."""
        self.guards.append(
            Guards(self.market, self.url, tools=None if tools is None else str(tools))
        )
        self.guards[-1].begin()
        return self.guards[-1]

    def of(self, number: int) -> Rental:
        return next(one for one in self.market.book.page.rentals if one.number == number)

    def said(self, number: int) -> list[str]:
        return [
            line.removeprefix("HUNTER_GUARD ") for line in self.market.guard_lines(self.of(number))
        ]

    def gone(self, number: int) -> bool:
        return self.of(number).destroyed_at is not None


def until(condition: Callable[[], bool]) -> None:
    """Wait for other processes; a machine that is slow is not wrong."""
    over = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < over, "it did not come to pass"
        time.sleep(0.02)


@contextmanager
def yard(*faults: str, state: Path | None = None, speed: float = SPEED) -> Iterator[Yard]:
    with running(Options(offers=50, speed=speed, faults=faults, state=state)) as (url, market):
        where = Yard(url=url, market=market)
        try:
            yield where
        finally:
            for guards in where.guards:
                guards.end()


def tools_with(folder: Path, *clients: str) -> Path:
    """The programs of a small image."""
    for name in (*TOOLS, *clients):
        found = shutil.which(name)
        assert found, name
        if name == "python3":  # not a shim that looks for another
            found = sys.executable
        (folder / name).symlink_to(found)
    return folder


# ── the end ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", ["vast", "runpod"])
def test_whatever_the_image_has_the_deadline_ends_the_instance_with_no_hunter_alive(
    name: str, client: str, tmp_path: Path
) -> None:
    if shutil.which(client) is None:
        pytest.skip(f"this machine has no {client}")
    with yard() as where:
        number = where.place(name, ttl_s=600)
        where.run(tools_with(tmp_path, client))
        until(lambda: where.gone(number))
        assert where.said(number)[0] == "proved"
        lived_s = (where.of(number).destroyed_at or 0.0) - where.of(number).created_at
        assert lived_s >= 600


def test_the_deadline_stands_on_the_disk_and_outlives_a_restart_of_the_container(
    tmp_path: Path,
) -> None:
    with yard(state=tmp_path / "book.json", speed=1.0) as where:
        number = where.place(ttl_s=LONG_S)
        guards = where.run()
        until(lambda: where.said(number) == ["proved"])
        deadline = guards.folder / str(number) / "disk" / f"deadline-{number}"
        first = deadline.read_text()
        guards.end()
        where.run()
        until(lambda: where.said(number) == ["proved", "proved"])
        assert deadline.read_text() == first
        assert abs(int(first) - where.of(number).created_at - LONG_S) < 60


def test_a_file_renamed_over_the_deadline_moves_it(tmp_path: Path) -> None:
    with yard() as where:
        number = where.place(ttl_s=LONG_S)
        guards = where.run()
        until(lambda: where.said(number) == ["proved"])
        disk = guards.folder / str(number) / "disk"
        (disk / "new").write_text(f"{where.market.now():.0f}\n")
        (disk / "new").rename(disk / f"deadline-{number}")
        until(lambda: where.gone(number))


def test_an_end_that_does_nothing_is_asked_for_again_and_again() -> None:
    with yard("destroy-noop") as where:
        number = where.place(ttl_s=60)
        where.run()
        until(lambda: where.said(number).count("ending 200") >= 3)


@pytest.mark.parametrize("name", ["vast", "runpod"])
def test_where_the_end_is_refused_the_instance_is_at_least_stopped(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(rental: Rental) -> None:
        raise Refused("invalid_args", "not today")

    with yard() as where:
        monkeypatch.setattr(where.market.renting, "destroy", refuse)
        number = where.place(name, ttl_s=60)
        where.run()
        until(lambda: where.of(number).state == "stopped")
        assert sum(line.startswith("ending") for line in where.said(number)) >= 4


# ── the proof ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("client", CLIENTS)
def test_a_key_that_the_market_does_not_accept_is_refused(client: str, tmp_path: Path) -> None:
    if shutil.which(client) is None:
        pytest.skip(f"this machine has no {client}")
    with yard("bad-key") as where:
        number = where.place(ttl_s=60)
        where.run(tools_with(tmp_path, client))
        until(lambda: bool(where.said(number)))
        assert where.said(number) == ["refused http-401"]


def test_a_key_that_opens_another_instance_proves_nothing_and_ends_nothing() -> None:
    with yard() as where:
        other = where.place(ttl_s=LONG_S, own_key="b" * 64, onstart=None)
        number = where.place(ttl_s=60, own_key="b" * 64)
        where.run()
        until(lambda: bool(where.said(number)))
        assert where.said(number) == ["refused http-403"]
        assert not where.gone(other)


@pytest.mark.parametrize("key", ["", "a b", 'a"\nurl = "http://example.com'])
def test_what_cannot_be_a_key_is_never_sent(key: str) -> None:
    with yard() as where:
        number = where.place(ttl_s=60, own_key=key)
        where.run()
        until(lambda: bool(where.said(number)))
        assert where.said(number) == ["refused no-key"]


def test_an_image_without_any_client_says_so(tmp_path: Path) -> None:
    with yard() as where:
        number = where.place(ttl_s=60)
        where.run(tools_with(tmp_path))
        until(lambda: bool(where.said(number)))
        assert where.said(number) == ["refused no-client"]


def test_a_market_that_does_not_answer_yet_is_asked_again() -> None:
    with yard("server-error@vast") as where:
        number = where.place(ttl_s=LONG_S)
        where.run()
        until(lambda: where.said(number) == ["refused http-503"])
        where.market.faults = parse(())
        until(lambda: where.said(number) == ["refused http-503", "proved"])


# ── nothing else is run ──────────────────────────────────────────────────────────────────────

URL = "http://127.0.0.1:8321"


def rental(onstart: str | None, name: str = "vast", **changes: object) -> Rental:
    whole = Rental(
        number=1, market=name, account="me", machine=0, gpu="x", gpu_count=1, image="a:1", onstart=onstart,
        disk_gb=1.0, gpu_usd_h=1.0, storage_usd_gb_month=0.1, storage_stopped_usd_gb_month=0.1,
        created_at=0.0, end_at=1.0,
    )  # fmt: skip
    return replace(whole, **changes)


def sent(command: str = "true") -> str:
    order = Order(offer=offer("RTX 4090 $0.3/h #1"), label="x", image="a:1", disk_gb=10.0, env={},
                  command=command, guard=Guard(ttl_s=600))  # fmt: skip
    return with_guard(order, shipped().guard, carrier(URL)) or ""


def test_only_the_switch_is_taken_out_of_what_was_sent_plain_or_packed() -> None:
    plain, packed = sent("rm -rf /"), sent("rm -rf / #" + "x" * 1000)
    assert "gzip" in packed
    assert "gzip" not in plain
    for text in (plain, packed):
        script = sent_guard(rental(text), URL)
        assert script is not None
        assert "rm -rf" not in script


@pytest.mark.parametrize(
    "change",
    [
        ("exit 1", "reboot"), ("say proved", "say proved; touch /tmp/x"), ("TTL=600", "TTL=$(reboot)"),
        ("MARKET=vast", "MARKET=runpod"), (URL, "http://example.com"), (URL, f"{URL} ;reboot"),
    ],
)  # fmt: skip
def test_a_script_that_is_not_word_for_word_ours_is_not_run(change: tuple[str, str]) -> None:
    assert sent_guard(rental(sent().replace(*change)), URL) is None


@pytest.mark.parametrize(
    ("name", "onstart"),
    [
        ("vast", None), ("vast", "echo hello"), ("vast", "(echo AAAA | base64 -d | gzip -dc | sh)"),
        ("runpod", "{"), ("runpod", "[]"), ("runpod", '{"cmd": ["sh", "-c"]}'), ("runpod", '{"cmd": 1}'),
    ],
)  # fmt: skip
def test_what_carries_no_switch_runs_nothing(name: str, onstart: str | None) -> None:
    assert sent_guard(rental(onstart, name), URL) is None


def test_nothing_is_run_unless_it_is_asked_for() -> None:
    market = SandboxMarket(Settings(offers=50), sandbox_facts())
    assert market.guard_lines(rental(sent())) == []
