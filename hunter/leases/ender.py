"""Ending leases: the DELETE first, then the proof that nothing is left, then what there is to learn.

Nothing that is only worth knowing may keep what costs money: neither a log that does not come, nor a record
that cannot be read, nor a database that cannot be written.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from hunter.leases.asking import asked, sentence
from hunter.leases.lookout import LOOK_EVERY_S
from hunter.store import leases as table
from hunter.values.errors import HunterError, MarketError, StoreError

if TYPE_CHECKING:
    from hunter.leases.lease import Lease
    from hunter.leases.ledger import Ledger
    from hunter.leases.lookout import Lookout
    from hunter.markets.protocol import Market

PROVE_WITHIN_S = 300.0
"""How long to go on asking for proof that an instance is gone."""
BEFORE_END_S = 1.0
"""Seconds of ours that a DELETE waits for the log that it ends and for its intent to reach the disk: worth a
hundredth of a cent, and enough for both where nothing is wrong."""
LATE_LOG_S = 5.0
"""Seconds of ours that a log which was asked for before the DELETE may still take after the proof."""
LAST_LOG_LINES = 2000
MEASURED = "measured"
"""The event that says that a lease has taught what it could."""


class Learns(Protocol):
    """Is told of leases that end; whatever it raises ends nothing."""

    def learn(self, lease: Lease, asked_at: float, log: str) -> None:
        """Keep what a lease showed until its end was asked for then; its container printed this log."""


class Ender:
    """Ends leases; each end is proven, learnt from and billed."""

    def __init__(self, ledger: Ledger, lookout: Lookout, lessons: Learns | None = None) -> None:
        self.ledger = ledger
        self.lookout = lookout
        self.clock = ledger.clock
        self.lessons = lessons
        self._ending: dict[str, asyncio.Lock] = {}

    async def destroy(self, lease_id: str, why: str = "asked by the user") -> Lease:
        """End a lease and prove that it is gone; the market's bill is read where it has one.

        Raises MarketError where the proof did not come: the lease stays `ending` and is not forgotten.
        Raises StoreError where it is gone and that could not be written down.
        """
        return await self.end(self.ledger.get(lease_id), why)

    async def end(self, lease: Lease, why: str) -> Lease:
        """The same for a lease as it is known, whether the record can be read or not."""
        async with self._ending.setdefault(lease.lease_id, asyncio.Lock()):
            lease = await self._answered(self.ledger.fresh(lease))
            return await self._end(lease, why) if lease.live else lease

    async def _answered(self, lease: Lease) -> Lease:
        """The lease once it is known what became of its create."""
        if lease.state == "unclear" or self.lookout.adrift(lease):
            return await self.lookout.settle(lease)
        if lease.live and lease.instance_id is None:
            raise MarketError(
                f"The create of {lease.offer} has not been answered yet: {self.lookout.at_work(lease)} is at "
                "work on it.",
                remedy="Wait for it, or end that process and try again; hunter ps shows what became "
                "of it.",
            )
        return lease

    async def _end(self, lease: Lease, why: str) -> Lease:
        market = await self.lookout.markets.open(lease.market)
        asked_at = lease.destroy_asked_at or self.clock.now()
        log = asyncio.ensure_future(self._last_log(market, lease))
        log.add_done_callback(lambda done: done.cancelled() or done.exception())
        changes = {"state": "ending", "destroy_asked_at": asked_at, "note": why}
        intent = asyncio.ensure_future(asyncio.to_thread(self.ledger.put, lease, **changes))
        try:
            await asyncio.wait({log, intent}, timeout=BEFORE_END_S)
            problem = await self._ask_end(market, lease)
            lease = await intent
            self.ledger.say(lease, "destroy asked", why)
            try:
                lease = await self._prove(market, lease, problem)
            except MarketError:
                await self._learn_of(lease, asked_at, log)
                raise
            lease = await self._close(lease)
            await self._learn_of(lease, asked_at, log)
        finally:
            log.cancel()
        lost = self.ledger.lost.pop(lease.lease_id, None)
        if lost is not None:
            raise StoreError(
                f"{lease.market}:{lease.instance_id} is gone, proven by the market, but not all of it "
                f"could be written down: {lost}",
                remedy="hunter ps puts it on record once the database can be written.",
            )
        return lease

    async def _ask_end(self, market: Market, lease: Lease) -> HunterError | None:
        """Send the DELETE; what came of it where that was no yes."""
        try:
            await asked(lease.market, market.destroy(str(lease.instance_id)))
        except HunterError as error:
            return error
        return None

    async def _prove(self, market: Market, lease: Lease, problem: Exception | None) -> Lease:
        """Ask until the market says that it is gone, and send the DELETE again until then."""
        deadline = self.clock.now() + PROVE_WITHIN_S
        while True:
            try:
                seen = await asked(lease.market, market.instance(str(lease.instance_id)))
                lease = self.lookout.note(lease, seen)
            except Exception as error:  # noqa: BLE001  no surprise may end the proof
                problem = error
            if lease.state == "ended":
                return lease
            await self.clock.sleep(LOOK_EVERY_S)
            if self.clock.now() >= deadline:
                break
            problem = await self._ask_end(market, lease)
        raise MarketError(
            f"{lease.market}:{lease.instance_id} may still be running and costing money: "
            f"{sentence(problem) if problem else 'the market still lists it'}.",
            remedy=f"Run hunter destroy {lease.lease_id} again, or end it on the market's own page.",
        ) from problem

    # ── afterwards ───────────────────────────────────────────────────────────────────────────

    async def _last_log(self, market: Market, lease: Lease) -> str:
        """What the container printed, for what is learnt from it; nothing where nobody learns."""
        if self.lessons is None or lease.state == "ending":
            return ""
        return await market.logs(str(lease.instance_id), LAST_LOG_LINES)

    async def _learn_of(self, lease: Lease, asked_at: float, log: asyncio.Future[str]) -> None:
        """Keep what a lease measured; told once, and its failure is told and survived."""
        if self.lessons is None:
            return
        try:
            if any(event.event == MEASURED for event in self.ledger.history(lease)):
                return
            text = ""
            try:
                text = await asked(lease.market, log, LATE_LOG_S)
            except HunterError as error:
                self.ledger.say(lease, "log not read", str(error))  # what was seen still counts
            self.lessons.learn(lease, asked_at, text)
            self.ledger.say(lease, MEASURED)
        except Exception as error:  # noqa: BLE001  what is worth knowing is not worth an end
            self.ledger.say(lease, "not measured", sentence(error))

    async def _close(self, lease: Lease) -> Lease:
        self.ledger.say(lease, "ended", "the market says that it is gone")
        try:
            return await self.reconcile(lease)
        except Exception as error:  # noqa: BLE001  it is gone, whatever becomes of its bill
            self.ledger.say(lease, "bill not read", sentence(error))
            return lease

    async def reconcile(self, lease: Lease) -> Lease:
        """Read the market's own bill for a lease."""
        market = await self.lookout.markets.open(lease.market)
        charges = await asked(lease.market, market.charges(str(lease.instance_id)))
        if not charges:
            return lease
        now = self.clock.now()
        lines = [(charge.item, charge.usd, charge.detail) for charge in charges]
        table.put_charges(self.ledger.store, lease.lease_id, lines, now)
        return self.ledger.change(lease, billed_usd=sum(charge.usd for charge in charges))


def ending(lease: Lease) -> str:
    """How far the end of a lease has come, for a sentence."""
    return "destroyed, its absence proven," if lease.state == "ended" else "asked to end"
