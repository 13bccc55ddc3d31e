"""What the command line says of leases about which something is unclear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from hunter.leases import owner as owners
from hunter.leases.lease import Lease
from hunter.schedule.cadence import Cadence
from hunter.schedule.health import Installed
from hunter.store import Store
from hunter.store.settings import write_schedule
from tests.builders import NOW
from tests.fakes import FakeMarket
from tests.homes import leases_on

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_command_line_shows_unclear_leases_and_exits_with_one(
    home: Path, hunter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases = leases_on(home, FakeMarket())
    plain = Lease(
        lease_id="sent", label="hunter-x", market="vast", offer="vast:7", workload="job",
        state="creating", gpu="RTX 4090", gpu_count=1, tenancy="on-demand", disk_gb=100.0, intended_at=NOW, ttl_at=NOW + 7200,
        max_usd_h=1.0, max_usd=2.0, quoted_usd_h=0.36, owner=owners.write(owners.this_process()),
    )  # fmt: skip
    for lease_id in ("sent", "odd"):
        leases.ledger.add(replace(plain, lease_id=lease_id, label=f"hunter-{lease_id}"))
    monkeypatch.setitem(vars(owners), "UNDER_WAY", {"sent"})
    with leases.ledger.store.writing() as db:
        db.execute("update lease set ttl_at = 'soon' where lease_id = 'odd'")
    leases.ledger.store.close()
    answer = hunter("ps", "--json")
    assert answer.code == 1
    shown = {one["id"]: (one["state"], one["spent_usd"]) for one in answer.json["instances"]}
    assert shown == {"sent": ("creating", None), "odd": ("unknown", None)}
    assert "odd: its record cannot be read" in answer.err
    table = hunter("ps").out
    assert "sent" in table
    assert "unknown" in table
    refused = hunter("destroy", "sent")
    assert (refused.code, "this Hunter is at work on it" in refused.err) == (1, True)


def test_a_timer_that_does_nothing_is_told_beside_what_runs(home: Path, hunter: Any) -> None:
    one = Installed(kind="crontab", cadence=Cadence(every_s=300.0), since_wall_s=1.0)
    store = Store(home / "hunter.db")
    write_schedule(store, lambda _: msgspec.json.encode({"reap": one}).decode())
    store.close()
    answer = hunter("ps", "--json")
    assert answer.json["instances"] == []
    assert "hunter reap, which a timer calls every 5m, has not succeeded for" in answer.err
    assert hunter("reap", "--timed").code == 0
    assert "has not succeeded" not in hunter("ps").err
