"""The ledger as a report: what was said, what was paid, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.leases.lease import Caps, Lease
from hunter.markets.protocol import Charge
from hunter.reports.spend import outcome, spend_by, spend_report
from tests.builders import NOW
from tests.fakes import FakeMarket
from tests.homes import CAPS, DEAL, launched, leases_on

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.leases.leases import Leases


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(stock=[DEAL], life=("running",))


@pytest.fixture
def leases(tmp_path: Path, market: FakeMarket) -> Leases:
    return leases_on(tmp_path, market)


async def ran(leases: Leases, hours: float = 1.0, caps: Caps = CAPS) -> Lease:
    """A rental that ran so long and was ended."""
    lease = await launched(leases, caps)
    lease = await leases.look(lease)
    await leases.clock.sleep(hours * 3600)
    return await leases.destroy(lease.lease_id)


def rows(leases: Leases) -> list[dict[str, Any]]:
    return spend_report(leases.ledger.store, leases.all(), leases.meter)


async def test_every_rental_has_its_four_figures_by_what_they_are_for(
    leases: Leases, market: FakeMarket
) -> None:
    market.bill = (
        Charge(item="gpu", usd=0.36),
        Charge(item="disk", usd=0.02),
        Charge(item="download", usd=0.3),
    )
    await ran(leases)
    (row,) = rows(leases)
    assert (row["quoted_usd_h"], row["contract_usd_h"]) == (0.36, 0.36)
    assert row["metered_gpu_usd"] == pytest.approx(0.36, rel=1e-3)
    assert row["metered_download_usd"] == pytest.approx(0.30)
    assert (row["billed_usd"], row["billed_gpu_usd"]) == (pytest.approx(0.68), 0.36)
    assert (row["outcome"], row["finding"]) == ("finished", None)


async def test_what_is_billed_beyond_the_meter_is_a_finding_and_names_the_item(
    leases: Leases, market: FakeMarket
) -> None:
    market.bill = (
        Charge(item="gpu", usd=0.36),
        Charge(item="disk", usd=0.02),
        Charge(item="download", usd=0.9),
    )
    await ran(leases)
    finding = rows(leases)[0]["finding"]
    assert "billed +0.6000 $ of what was metered" in finding
    assert "download: 0.3000 metered, 0.9000 billed" in finding
    assert "gpu" not in finding


def lease(**facts: Any) -> Lease:
    plain: dict[str, Any] = {
        "lease_id": "1", "label": "hunter-1", "market": "vast", "offer": "vast:1", "workload": "job",
        "state": "ended", "gpu": "A", "gpu_count": 1, "tenancy": "on-demand", "disk_gb": 1.0,
        "intended_at": NOW, "ttl_at": NOW + 60, "max_usd_h": 1.0, "max_usd": 1.0, "quoted_usd_h": 0.1,
    }  # fmt: skip
    return Lease(**(plain | facts))


@pytest.mark.parametrize(
    ("facts", "states", "became"),
    [
        ({"state": "refused"}, ["intended"], "refused"),
        ({"state": "ready"}, ["waiting"], "running"),
        ({"state": "ending"}, ["waiting"], "running"),
        ({}, ["waiting"], "dud"),
        ({"ready_at": NOW}, ["ready", "interrupted"], "cut"),
        ({"ready_at": NOW}, ["ready", "ending"], "finished"),
    ],
)
def test_a_rental_came_to_something(facts: dict[str, Any], states: list[str], became: str) -> None:
    assert outcome(lease(**facts), states) == became


async def test_what_duds_cost_is_paid_by_the_jobs_that_finish(
    leases: Leases, market: FakeMarket
) -> None:
    await ran(leases)
    market.life = ("pulling",)
    await ran(leases, 0.5)
    (job,) = spend_by(rows(leases), leases.all(), "workload")
    each = [row["metered_usd"] for row in rows(leases)]
    assert (job["workload"], job["launches"], job["finished"], job["duds"]) == ("job", 2, 1, 1)
    assert job["usd_per_finished"] == pytest.approx(sum(each))
    assert job["unbilled"] == 2


async def test_rentals_are_added_up_by_day_and_market(leases: Leases) -> None:
    await ran(leases)
    await leases.clock.sleep(86400)
    await ran(leases)
    kept = leases.all()
    assert [row["launches"] for row in spend_by(rows(leases), kept, "day")] == [1, 1]
    (vast,) = spend_by(rows(leases), kept, "market")
    assert (vast["market"], vast["launches"], vast["usd_per_finished"]) == (
        "vast", 2, pytest.approx(sum(row["metered_usd"] for row in rows(leases)) / 2),
    )  # fmt: skip


def test_nothing_rented_is_nothing_to_report(leases: Leases) -> None:
    assert spend_by(rows(leases), leases.all(), "day") == []


async def test_a_day_without_a_finished_job_has_no_price_for_one(
    leases: Leases, market: FakeMarket
) -> None:
    market.life = ("pulling",)
    await ran(leases)
    assert spend_by(rows(leases), leases.all(), "day")[0]["usd_per_finished"] is None
