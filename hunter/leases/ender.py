"""Ending leases: the DELETE first, then the proof that nothing is left, then what there is to learn.

Nothing that is only worth knowing may keep what costs money: neither a log that does not come, nor a record
that cannot be read, nor a database that cannot be written.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec.structs import replace

from hunter.leases.asking import asked, sentence
from hunter.leases.identity import is_of, is_twin
from hunter.leases.lookout import LOOK_EVERY_S
from hunter.leases.states import COSTLY, OVER, UNANSWERED
from hunter.markets.records import UNNAMED
from hunter.store import leases as table
from hunter.values.errors import HunterError, MarketError, StoreError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from hunter.leases.lease import Lease
    from hunter.leases.ledger import Ledger
    from hunter.leases.lookout import Lookout
    from hunter.markets.protocol import Instance, Market

T = TypeVar("T")

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

    async def destroy(
        self, lease_id: str, why: str = "asked by the user", *, proof: bool = True
    ) -> Lease:
        """End a lease and prove that it is gone; the market's bill is read where it has one.

        Its market is asked in any case, also about a lease whose end is on record. Without `proof` it
        returns once the DELETE is answered.
        Raises MarketError where the proof did not come: the lease stays `ending` and is not forgotten.
        Raises StoreError where it is gone and that could not be written down.
        """
        lease = self.ledger.get(lease_id)
        if lease.state in OVER:
            lease = await self._back(lease)
        return await self.end(lease, why, proof=proof)

    async def end(
        self, lease: Lease, why: str, *, proof: bool = True, within_s: float = PROVE_WITHIN_S
    ) -> Lease:
        """The same for a lease as it is known, whether the record can be read or not.

        `within_s` is how long to ask for proof, in the market's seconds.
        """
        async with self._ending.setdefault(lease.lease_id, asyncio.Lock()):
            lease = await self._answered(self.ledger.fresh(lease), why)
            return await self._end(lease, why, within_s if proof else 0.0) if lease.live else lease

    async def _back(self, lease: Lease) -> Lease:
        """A lease that counts as over, as its market sees it: it comes back where that lists it."""
        listing = await self.lookout.listing(lease.market)
        for instance in listing.instances:
            if is_of(instance, lease):
                return self.lookout.found(lease, instance)
        if not listing.complete:
            raise MarketError(
                f"{lease.market} listed its instances only in part, and {lease.label} was not among them.",
                remedy="Try again in a minute.",
            )
        return lease

    async def _answered(self, lease: Lease, why: str) -> Lease:
        """The lease once it is known what became of its create."""
        if lease.state not in UNANSWERED:
            return lease
        lease = self.ledger.move_from(UNANSWERED, lease, "end wished", why, wish="gone")
        if lease.state == "unclear" or self.lookout.adrift(lease):
            return await self.lookout.settle(lease)
        if lease.live and lease.instance_id is None:
            raise MarketError(
                f"The create of {lease.offer} has not been answered yet: {self.lookout.at_work(lease)} is at "
                "work on it, and ends it as soon as it is.",
                remedy="hunter ps shows what became of it; should that process die, try again.",
            )
        return lease

    async def _end(self, lease: Lease, why: str, within_s: float) -> Lease:
        market = await self.lookout.markets.open(lease.market)
        asked_at = lease.destroy_asked_at or self.clock.now(lease.market)
        log = _begun(self._last_log(market, lease))
        intent = asyncio.ensure_future(asyncio.to_thread(self._intend, lease, why, asked_at))
        seen = _begun(self.lookout.instance(lease))
        try:
            await asyncio.wait({log, intent, seen}, timeout=BEFORE_END_S)
            denied = lease.state == "ending" and lease.absent_at is not None
            problem = None if denied else await self._ask_end(market, lease, seen)
            lease = await intent
            if within_s:
                try:
                    lease = await self._prove(market, lease, problem, within_s)
                except MarketError:
                    await self._learn_of(lease, asked_at, log)
                    raise
                lease = await self._close(lease)
            elif problem is not None:
                raise problem
            await self._learn_of(lease, asked_at, log)
        finally:
            log.cancel()
            seen.cancel()
        lost = self.ledger.lost.pop(lease.lease_id, None)
        if lost is not None:
            came_to = "gone, proven by the market" if lease.state == "ended" else "asked to end"
            raise StoreError(
                f"{lease.market}:{lease.instance_id} is {came_to}, but not all of it could be written "
                f"down: {lost}",
                remedy="hunter ps puts it on record once the database can be written.",
            )
        return lease

    def _intend(self, lease: Lease, why: str, asked_at: float) -> Lease:
        """Write down that its end is asked for."""
        if lease.state == "ending":
            return lease
        return self.ledger.move_from(
            COSTLY, lease, "destroy asked", why, state="ending", wish="gone",
            destroy_asked_at=asked_at, note=why,
        )  # fmt: skip

    async def _ask_end(
        self, market: Market, lease: Lease, seen: asyncio.Future[Instance]
    ) -> HunterError | None:
        """Send the DELETE; what came of it where that was no yes.

        None is sent where what is `seen` by now under the lease's id is somebody else's: ids are met again.
        No answer in time is no reason to keep what costs money.
        """
        if _is_anothers(seen, lease):
            return None
        try:
            await asked(lease.market, market.destroy(str(lease.instance_id)))
        except HunterError as error:
            return error
        return None

    async def _prove(
        self, market: Market, lease: Lease, problem: Exception | None, within_s: float
    ) -> Lease:
        """Ask until the market has said twice that it is gone, and send the DELETE again until then.

        Once by its name; and a while later, as listings lag behind, by a whole listing without it.
        """
        deadline = self.clock.now(lease.market) + within_s
        while lease.state == "ending":
            try:
                lease = await self._look_for(lease)
            except Exception as error:  # noqa: BLE001  no surprise may end the proof
                problem = error
            if lease.state != "ending":
                break
            await self.clock.sleep(LOOK_EVERY_S)
            if self.clock.now(lease.market) >= deadline:
                raise MarketError(
                    f"{lease.market}:{lease.instance_id} may still be running and costing money: "
                    f"{sentence(problem) if problem else 'the market still lists it'}.",
                    remedy=f"Run hunter destroy {lease.lease_id} again, or end it on the market's own page.",
                ) from problem
            if lease.absent_at is None:
                seen = _begun(self.lookout.instance(lease))
                await asyncio.wait({seen}, timeout=BEFORE_END_S)
                problem = await self._ask_end(market, lease, seen)
                seen.cancel()
        return lease

    async def _look_for(self, lease: Lease) -> Lease:
        """One step of the proof."""
        lease = await self.lookout.look(lease)
        if not self.lookout.denied_long(lease):
            return lease
        listing = await self.lookout.listing(lease.market)
        there = [instance for instance in listing.instances if is_of(instance, lease)]
        if there:
            await self._end_twins(lease, there)
            return self.ledger.move_from(("ending",), lease, absent_at=None)
        if not listing.complete:
            raise MarketError(f"{lease.market} lists its instances only in part", remedy="")
        return self.lookout.bury(lease)

    async def _end_twins(self, lease: Lease, there: list[Instance]) -> None:
        """Ask for the end of what was made beside the lease's own under its label."""
        market = await self.lookout.markets.open(lease.market)
        for instance in there:
            if is_twin(instance, lease) and instance.instance_id[:1] != UNNAMED:
                await asked(lease.market, market.destroy(instance.instance_id))

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
        lines = [(charge.item, charge.usd, charge.detail) for charge in charges]
        now = self.clock.now(lease.market)
        total = table.put_charges(self.ledger.store, lease.lease_id, lines, now)
        return replace(lease, billed_usd=total)


def _is_anothers(seen: asyncio.Future[Instance], lease: Lease) -> bool:
    """Whether an answer has come that shows somebody else's instance under a lease's id."""
    if not seen.done() or seen.cancelled() or seen.exception() is not None:
        return False
    there = seen.result()
    return there.state not in ("gone", "unclear") and not is_of(there, lease)


def _begun(question: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """A question that is asked meanwhile; it may fail without anybody's having waited for it."""
    task = asyncio.ensure_future(question)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


def ending(lease: Lease) -> str:
    """How far the end of a lease has come, for a sentence."""
    return "destroyed, its absence proven," if lease.state == "ended" else "asked to end"
