"""Four guards, each as far as it is proven, and what follows where one has to be and is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from hunter.leases import owner as owners
from hunter.leases.guards import REAP_WITHIN_S, Guards, guards_of, hear, machine, verdict
from hunter.leases.policy import GUARD_WITHIN_S, NOT_SENT, decide
from hunter.markets.protocol import Created, Instance, Order
from hunter.values.errors import MarketError
from hunter.values.login import Login
from tests.builders import NOW
from tests.fakes import FakeMarket
from tests.homes import DEAL, GONE, launched, leases_on, unwritable

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.leases.leases import Leases

PROVES = "hello\nHUNTER_GUARD proved\nworking\n"


class Carrying(FakeMarket):
    """A market that sends the switch along."""

    async def create(self, order: Order) -> Created:
        self.order = order
        return replace_guarded(await super().create(order))


def replace_guarded(created: Created) -> Created:
    return Created(instance_id=created.instance_id, note=created.note, guarded=True)


def market(**facts: Any) -> Carrying:
    return Carrying(stock=[DEAL], **facts)


async def ready(leases: Leases, **changes: Any) -> str:
    lease = await launched(leases, **changes)
    kept = await leases.keep(lease.lease_id, until=("ready", "ended"))
    return kept.lease_id


# ── the machine ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", None), ("HUNTER_PHASE ready 1", None), (PROVES, "proved"),
        ("HUNTER_GUARD refused no-ca", "refused no-ca"),
        ("HUNTER_GUARD refused no-answer\nHUNTER_GUARD proved", "proved"),
        ("HUNTER_GUARD proved\nHUNTER_GUARD ending 200", "proved"),
        ("HUNTER_GUARD proved\nrestarted\nHUNTER_GUARD refused http-401", "refused http-401"),
        ("HUNTER_GUARD provedly", None), ("HUNTER_GUARD refused \x1b[2J", None),
    ],
)  # fmt: skip
def test_the_last_verdict_in_the_log_counts(log: str, said: str | None) -> None:
    assert verdict(log) == said


async def test_a_switch_that_proves_itself_is_heard_when_one_can_log_in(tmp_path: Path) -> None:
    sold = market(log=PROVES)
    leases = leases_on(tmp_path, sold)
    lease = leases.get(await ready(leases))
    assert machine(lease) == "proved"
    assert sold.order.guard is not None
    assert (sold.order.guard.ttl_s, sold.order.guard.required) == (7200.0, False)
    assert [e.detail for e in leases.ledger.history(lease) if e.event == "guard"] == ["proved"]


async def test_one_that_is_not_heard_at_once_is_heard_by_a_later_pass_of_reap(
    tmp_path: Path,
) -> None:
    sold = market(log_error=MarketError("no log yet"))
    leases = leases_on(tmp_path, sold)
    lease_id = await ready(leases)
    assert machine(leases.get(lease_id)) == "unproved"
    sold.log_error, sold.log = None, PROVES
    await leases.reap()
    assert machine(leases.get(lease_id)) == "proved"


async def test_a_workload_that_wants_none_sends_none(tmp_path: Path) -> None:
    sold = market(log=PROVES)
    leases = leases_on(tmp_path, sold)
    lease = leases.get(await ready(leases, guard="off"))
    assert sold.order.guard is None
    assert (machine(lease), lease.guard_said) == ("off", None)


async def test_a_market_that_cannot_carry_it_goes_without_where_it_is_only_wanted(
    tmp_path: Path,
) -> None:
    leases = leases_on(tmp_path, FakeMarket(stock=[DEAL], log=PROVES))
    lease = leases.get(await ready(leases))
    assert (machine(lease), lease.guard_said) == ("off", NOT_SENT)


async def test_where_it_is_required_an_instance_without_it_is_ended_at_once(tmp_path: Path) -> None:
    sold = FakeMarket(stock=[DEAL])
    with pytest.raises(MarketError, match="switch is required"):
        await launched(leases_on(tmp_path, sold), guard="required")
    assert sold.rented == {}


async def test_where_it_is_required_nothing_is_ready_before_it_is_proved(tmp_path: Path) -> None:
    sold = market(log=PROVES)
    leases = leases_on(tmp_path, sold)
    lease = leases.get(await ready(leases, guard="required"))
    assert (lease.state, machine(lease)) == ("ready", "proved")


@pytest.mark.parametrize("log", ["hello", "HUNTER_GUARD refused no-ca"])
async def test_where_it_is_required_and_stays_unproved_the_instance_is_ended(
    log: str, tmp_path: Path
) -> None:
    sold = market(log=log)
    leases = leases_on(tmp_path, sold)
    lease = leases.get(await ready(leases, guard="required"))
    assert lease.state == "ended"
    assert "switch is required" in lease.note
    assert sold.rented == {}


async def test_the_pure_decision_waits_for_the_proof_and_no_longer(tmp_path: Path) -> None:
    leases = leases_on(tmp_path, market())
    lease = replace(
        await launched(leases), guard="required", state="ready", ready_at=NOW, ttl_at=NOW + 1e6
    )
    assert decide(lease, NOW + GUARD_WITHIN_S).kind == "keep"
    assert decide(lease, NOW + GUARD_WITHIN_S + 1).kind == "end"
    assert decide(replace(lease, guard_said="proved"), NOW + GUARD_WITHIN_S + 1).kind == "keep"
    assert decide(replace(lease, guard="wanted"), NOW + GUARD_WITHIN_S + 1).kind == "keep"
    assert decide(replace(lease, ready_at=None, state="waiting"), NOW + 600).kind == "keep"


async def test_nothing_is_asked_of_an_instance_whose_verdict_does_not_matter(
    tmp_path: Path,
) -> None:
    sold = market(log_error=AssertionError("asked"))
    leases = leases_on(tmp_path, sold)
    lease = await launched(leases)
    for known in (
        lease,
        replace(lease, state="ready", guard="off"),
        replace(lease, state="ready", guard_said="proved"),
    ):
        assert await hear(leases.lookout, known) == known


# ── who watches ──────────────────────────────────────────────────────────────────────────────


async def test_a_lease_is_watched_while_somebody_keeps_it(tmp_path: Path) -> None:
    leases = leases_on(tmp_path, market())
    lease = await launched(leases)
    assert guards_of(leases.lookout, lease).watcher == "off"
    seen = list[str]()
    look = leases.lookout.look

    async def noting(lease: Any) -> Any:
        seen.append(guards_of(leases.lookout, leases.fresh(lease)).watcher)
        return await look(lease)

    leases.lookout.look = noting  # type: ignore[method-assign]
    await leases.keep(lease.lease_id, until=("ready",))
    assert set(seen) == {"proved"}
    assert guards_of(leases.lookout, leases.fresh(lease)).watcher == "off"


async def test_a_watcher_that_was_killed_watches_no_more(tmp_path: Path) -> None:
    leases = leases_on(tmp_path, market())
    lease = replace(await launched(leases), watcher=owners.write(GONE))
    assert guards_of(leases.lookout, lease).watcher == "unproved"
    assert guards_of(leases.lookout, replace(lease, watcher="{")).watcher == "proved"
    assert (
        guards_of(leases.lookout, replace(lease, watcher="{", last_seen_at=NOW - 1e4)).watcher
        == "unproved"
    )


async def test_a_database_that_cannot_be_written_keeps_nobody_from_watching(tmp_path: Path) -> None:
    leases = leases_on(tmp_path, market())
    lease = await launched(leases)
    unwritable(leases.ledger.store)
    assert (await leases.keep(lease.lease_id, until=("ready",))).state == "ready"


# ── reap ─────────────────────────────────────────────────────────────────────────────────────


async def test_reap_guards_for_as_long_as_its_last_good_pass_is_fresh(tmp_path: Path) -> None:
    sold = market()
    leases = leases_on(tmp_path, sold)
    lease = await launched(leases)

    def now() -> str:
        return guards_of(leases.lookout, lease).reap

    assert now() == "off"
    await leases.reap()
    assert now() == "proved"
    await leases.clock.sleep(REAP_WITHIN_S + 1)
    assert now() == "unproved"
    sold.list_error = MarketError("silent")
    await leases.reap()  # something stayed unknown
    assert now() == "unproved"


def test_in_a_row_a_capital_is_proved_and_a_dash_is_off() -> None:
    assert str(Guards(watcher="proved", reap="proved", machine="unproved")) == "W R m -"
    assert (
        str(Guards(watcher="off", reap="unproved", machine="proved", provider="proved"))
        == "- r M P"
    )


async def test_one_that_is_taken_on_again_may_carry_a_switch_and_its_log_tells(
    tmp_path: Path,
) -> None:
    sold = market(log=PROVES)
    leases = leases_on(tmp_path, sold)
    label = f"hunter-{leases.ledger.home}-00c0ffee"
    sold.rented["i9"] = Instance(
        market="vast", instance_id="i9", label=label, state="running", tenancy="on-demand", gpu="RTX 4090",
        gpu_count=1, price_usd_h=0.36, reachable=True, login=Login(host="host", port=22),
    )  # fmt: skip
    await leases.reap()
    assert machine(leases.get("00c0ffee")) == "proved"
