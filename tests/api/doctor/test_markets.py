"""Keys, interfaces and clocks of markets, told as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.api.doctor import markets
from hunter.api.doctor.markets import keys, routes
from hunter.facts.in_use import InUse
from hunter.facts.shipped import shipped
from hunter.markets.open import OpenMarkets
from hunter.markets.protocol import Probed, Simulation
from hunter.values.errors import MarketError
from tests.fakes import FakeMarket, SteppedClock

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.api.doctor.finding import Finding

KEY = "0123456789abcdef"


def key(*, simulated: bool = False) -> Finding:
    (found,) = keys(shipped(), ["vast"], simulated=simulated)
    assert KEY not in found.text + found.remedy
    return found


def test_a_key_is_named_by_its_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert key().status == "warn"
    assert key().remedy.startswith("Set VAST_API_KEY, or put it into ~/.config/vastai/")
    file = home / ".vast_api_key"
    file.write_text(KEY)
    file.chmod(0o600)
    assert (key().status, key().text) == ("ok", f"found in {file}")
    monkeypatch.setenv("VAST_API_KEY", KEY)
    assert (key().status, key().text) == ("ok", "found in VAST_API_KEY")
    file.write_text("another-0123456")
    assert "holds another one" in key().text
    file.unlink()
    assert "no timer sees it" in key().text


def test_a_key_that_others_may_read_is_doubtful(home: Path) -> None:
    file = home / ".vast_api_key"
    file.write_text(KEY)
    file.chmod(0o644)
    assert (key().status, key().remedy) == ("warn", f"chmod 600 {file}")


def test_a_key_that_cannot_be_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAST_API_KEY", f"{KEY} {KEY}")
    assert key().status == "fail"


def test_an_embedded_market_needs_none() -> None:
    assert key(simulated=True).status == "ok"


def probed(**changes: Any) -> Probed:
    plain: dict[str, Any] = {
        "route": "GET /x",
        "what": "offers",
        "keyed": False,
        "status": 200,
        "seconds": 0.1,
    }
    return Probed(**(plain | changes))


async def asked(
    *answers: Probed | Exception, simulation: Simulation | None = None
) -> list[Finding]:
    market = FakeMarket(simulation=simulation)

    async def probe() -> tuple[Probed, ...]:
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return tuple(one for one in answers if isinstance(one, Probed))

    market.probe = probe  # type: ignore[attr-defined]
    return await routes(open_with(market), ["vast"])


def open_with(market: FakeMarket) -> OpenMarkets:
    in_use = InUse(facts=shipped(), given=("vast",))
    return OpenMarkets(shipped(), SteppedClock(), in_use, given={"vast": market})  # type: ignore[dict-item]


async def test_each_route_is_told_with_status_and_time() -> None:
    fine, slow, shut, odd = await asked(
        probed(),
        probed(seconds=9.0),
        probed(keyed=True, status=None, seconds=None),
        probed(status=401, problem="no."),
    )
    assert [one.status for one in (fine, slow, shut, odd)] == ["ok", "warn", "ok", "fail"]
    assert fine.figures["http_status"] == 200
    assert "needs a key" in shut.text
    assert "Check the key" in odd.remedy


@pytest.mark.parametrize(
    ("off_s", "status", "said"),
    [(0.4, "ok", "agrees"), (60.0, "warn", "1m00s behind"), (-60.0, "warn", "1m00s before"),
     (7200.0, "fail", "2h00m behind")],
)  # fmt: skip
async def test_a_clock_is_judged_by_the_answer_that_was_under_way_least(
    off_s: float, status: str, said: str
) -> None:
    *_, clock = await asked(probed(off_s=off_s), probed(off_s=off_s * 10))
    assert (clock.check, clock.status) == ("clock", status)
    assert said in clock.text


async def test_an_embedded_market_has_a_clock_of_its_own() -> None:
    *_, clock = await asked(probed(), simulation=Simulation(now=1.0, speed=30.0, paced=False))
    assert "30x" in clock.text


async def test_one_markets_failure_is_its_own_line() -> None:
    (refused,) = await asked(MarketError("not today", remedy="tomorrow"))
    assert (refused.status, refused.remedy) == ("fail", "tomorrow")
    (surprise,) = await asked(KeyError("x"))
    assert "its adapter failed (KeyError" in surprise.text


async def test_a_plug_in_without_probes_is_doubtful_and_no_failure() -> None:
    (found,) = await routes(open_with(FakeMarket()), ["vast"])
    assert found.status == "warn"


async def test_a_market_that_never_answers_ends_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import asyncio

    market = FakeMarket()
    market.probe = asyncio.Event().wait  # type: ignore[attr-defined]
    monkeypatch.setattr(markets, "WITHIN_S", 0.01)
    (found,) = await routes(open_with(market), ["vast"])
    assert "no answer within" in found.text
