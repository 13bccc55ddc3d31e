"""A Hunter on fake markets, or its leases alone."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from hunter.api.hunter import Hunter
from hunter.facts.config import Config, Home
from hunter.facts.in_use import InUse
from hunter.facts.shipped import shipped
from hunter.leases import owner as owners
from hunter.leases.lease import Caps, Lease
from hunter.leases.leases import Leases
from hunter.leases.ledger import Ledger
from hunter.leases.lookout import Lookout
from hunter.leases.meter import Meter
from hunter.markets.open import OpenMarkets
from hunter.markets.protocol import Instance
from hunter.store import Store
from tests.builders import NOW, offer, rules, workload
from tests.fakes import FakeMarket, SteppedClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hunter.leases.owner import Owner, Process
    from hunter.values.clock import Clock

CAPS = Caps(max_usd_h=1.0, max_usd=2.0, ttl_s=7200.0)
DEAL = offer("RTX 4090 $0.36/h #7")
GONE = replace(owners.this_process(), started="long ago")
"""A process that ran here under our own number and is gone."""


def hunter_on(
    folder: Path,
    *markets: FakeMarket,
    simulated: bool = False,
    clock: Clock | None = None,
    **config: Any,
) -> Hunter:
    """A Hunter on these markets and no others; on the wall's clock where no other is given."""
    home = Home(
        config_folder=folder, data_folder=folder, simulated=simulated, config=Config(**config)
    )
    return Hunter(home, markets={m.name: m for m in markets}, clock=clock)  # type: ignore[misc]


def leases_on(
    folder: Path,
    market: FakeMarket,
    *,
    me: Owner | None = None,
    find_process: Callable[[int], Process | None] = owners.find_process,
) -> Leases:
    """Leases on one market, by a clock that passes only while somebody sleeps; nobody learns from them."""
    clock = SteppedClock(market_s=NOW)
    in_use = InUse(facts=shipped(), given=("vast",))
    markets = OpenMarkets(shipped(), clock, in_use, given={"vast": market})  # type: ignore[dict-item]
    ledger = Ledger(Store(folder / "hunter.db"), clock)
    meter = Meter(ledger, {"vast": rules(pull_billed=False)})
    lookout = Lookout(ledger, meter, markets, me=me, find_process=find_process)
    return Leases.of(lookout, CAPS)


async def launched(leases: Leases, caps: Caps = CAPS, **changes: Any) -> Lease:
    """A lease on the one offer that there is."""
    return await leases.launcher.launch(DEAL, workload(**changes), caps, storage_usd_h=0.02)


async def rented(hunter: Hunter, caps: Caps = CAPS) -> Lease:
    """The same through the front door: with a quote, and with what was predicted on record."""
    await hunter.scrape()
    return await hunter.launch(await hunter.quote("vast:7", workload()), workload(), caps)


def left_behind(ledger: Ledger, state: str, owner: Owner | None) -> Lease:
    """A lease as a Hunter leaves it that is killed in this state."""
    lease = Lease(
        lease_id="dead", label="hunter-dead", market="vast", offer="vast:7", workload="job", state=state, gpu="RTX 4090",
        gpu_count=1, tenancy="on-demand", disk_gb=100.0, intended_at=NOW, ttl_at=NOW + 7200,
        max_usd_h=1.0, max_usd=2.0, quoted_usd_h=0.36,
        owner=None if owner is None else owners.write(owner),
    )  # fmt: skip
    ledger.add(lease)
    return lease


def appears(market: FakeMarket) -> None:
    """What the killed Hunter's create made."""
    market.rented["i9"] = Instance(
        market="vast", instance_id="i9", label="hunter-dead", state="running", tenancy="on-demand",
        gpu="RTX 4090", gpu_count=1, price_usd_h=0.36,
    )  # fmt: skip
    market.steps["i9"] = 3


def unwritable(store: Store) -> None:
    """As a full disk: whatever is written fails."""
    for db in store._open:
        db.set_authorizer(_no_writing)


def writable(store: Store) -> None:
    """The disk has room again."""
    for db in store._open:
        db.set_authorizer(None)


def _no_writing(action: int, *args: object) -> int:
    writes = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)
    return sqlite3.SQLITE_DENY if action in writes else sqlite3.SQLITE_OK
