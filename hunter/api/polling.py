"""Asking markets for their prices and putting on record what changed."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from hunter.markets.plausible import plausible
from hunter.markets.protocol import Progress, Scope
from hunter.store import polls
from hunter.values.errors import ConfigError, HunterError, MarketError, StoreError
from hunter.values.keys import hidden, secrets_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hunter.markets.open import OpenMarkets
    from hunter.store import Store
    from hunter.values.clock import Clock
    from hunter.values.workload import Workload

FULL_POLL_DISK_GB = 10.0
"""Disk that a poll of the whole market asks for: small, so that no offer is left out for it."""

LONGEST_SURPRISE = 200
"""Characters of what a library said when it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """How the poll of one market went."""

    market: str
    offers: int = 0
    appeared: int = 0
    changed: int = 0
    gone: int = 0
    rejected: int = 0
    rejections: tuple[tuple[str, str], ...] = ()
    """The first few records that could not be read: id and reason."""
    complete: bool = False
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    error: HunterError | None = None


def unwatched(progress: Progress) -> None:
    """Nobody watches."""


class Polling:
    """Polls markets into the record."""

    def __init__(self, store: Store, markets: OpenMarkets, clock: Clock) -> None:
        self.store = store
        self.markets = markets
        self.clock = clock

    async def poll(
        self,
        names: Iterable[str],
        workload: Workload | None,
        report: Callable[[Progress], None] = unwatched,
    ) -> tuple[Polled, ...]:
        """Poll markets once, at the same time; all of each, or what a workload could use.

        One market failing leaves the others' results as they are; its `error` says why.
        """
        scope = scope_of(workload)
        return tuple(await asyncio.gather(*(self._poll(name, scope, report) for name in names)))

    async def _poll(self, name: str, scope: Scope, report: Callable[[Progress], None]) -> Polled:
        begun, started_at = time.monotonic(), self.clock.now()
        try:
            market = await self.markets.open(name)
            listing = plausible((await market.offers(scope, report)).cleaned())
            self.markets.note_clock(market)
            recorded = await asyncio.to_thread(
                polls.record, self.store, listing, scope, started_at, self.clock.now()
            )
        except StoreError:
            raise
        except ConfigError as error:
            return Polled(market=name, error=error)
        except Exception as surprise:  # noqa: BLE001  one market's surprise stays that market's
            failed = failure(name, surprise)
            now = self.clock.now()
            await asyncio.to_thread(
                polls.record_failure, self.store, name, started_at, now, str(failed)
            )
            return Polled(market=name, error=failed, seconds=time.monotonic() - begun)
        return Polled(
            market=name,
            **msgspec.structs.asdict(recorded),
            rejections=tuple((r.record, r.reason) for r in listing.rejected[:5]),
            complete=listing.complete,
            seconds=time.monotonic() - begun,
            notes=listing.notes,
        )


def failure(name: str, surprise: Exception) -> HunterError:
    """What an adapter raised, as a failure of its market: our own kinds as they are, others in words."""
    if isinstance(surprise, HunterError):
        return surprise
    text = hidden(str(surprise), *secrets_in(os.environ))
    said = " ".join(text.split())[:LONGEST_SURPRISE]
    return MarketError(
        f"{name}'s adapter failed ({type(surprise).__name__}: {said}).",
        remedy="That is a mistake in it; the other markets are not touched.",
    )


def scope_of(workload: Workload | None) -> Scope:
    """What to ask a market for: what a workload could use, or everything."""
    if workload is None:
        return Scope(disk_gb=FULL_POLL_DISK_GB)
    return Scope(
        disk_gb=workload.disk_gb,
        gpus=workload.gpu.models,
        gpu_count=workload.gpu.count,
        min_vram_gb=workload.gpu.vram_gb,
    )
