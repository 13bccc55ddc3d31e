"""Looking: what markets say of leases, put on record; and what became of creates that nobody answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hunter.leases import owner as owners
from hunter.leases.asking import asked
from hunter.leases.identity import is_of
from hunter.leases.ledger import Moved
from hunter.leases.states import COSTLY, OVER, UNANSWERED
from hunter.markets.records import UNNAMED
from hunter.values.errors import MarketError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.leases.lease import Lease
    from hunter.leases.ledger import Ledger
    from hunter.leases.meter import Meter
    from hunter.leases.owner import Owner, Process
    from hunter.markets.open import OpenMarkets
    from hunter.markets.protocol import Instance, Instances

LOOK_EVERY_S = 5.0
"""The market's seconds between two looks at an instance: Vast answers a list once a second."""
LISTINGS = 6
"""How many listings are asked for an instance's label before its create stays unclear for now."""
APART_S = 30.0
"""The market's seconds between two signs that there is no instance: listings lag behind what they list."""
PROGRESS_MOST = 200
"""Characters of a market's words on a start that are kept."""


class Lookout:
    """Puts on record what the markets say of our leases."""

    def __init__(
        self,
        ledger: Ledger,
        meter: Meter,
        markets: OpenMarkets,
        *,
        me: Owner | None = None,
        find_process: Callable[[int], Process | None] = owners.find_process,
    ) -> None:
        self.ledger = ledger
        self.meter = meter
        self.markets = markets
        self.clock = ledger.clock
        self.me = me or owners.this_process()
        self.find_process = find_process

    # ── asking ───────────────────────────────────────────────────────────────────────────────

    async def listing(self, name: str) -> Instances:
        """What a market lists, and its time."""
        market = await self.markets.open(name)
        try:
            return await asked(name, market.instances())
        finally:  # a refusal tells the time as well
            self.markets.note_clock(market)

    async def instance(self, lease: Lease) -> Instance:
        """What a market says of a lease's instance, and its time."""
        market = await self.markets.open(lease.market)
        try:
            return await asked(lease.market, market.instance(str(lease.instance_id)))
        finally:
            self.markets.note_clock(market)

    # ── creates ──────────────────────────────────────────────────────────────────────────────

    def adrift(self, lease: Lease) -> bool:
        """Whether a create has no answer yet and nobody waits for one any more."""
        if lease.state not in UNANSWERED:
            return False
        owner = owners.read(lease.owner)
        if owner == self.me:
            return lease.lease_id not in owners.UNDER_WAY
        quiet_s = (self.clock.now(lease.market) - lease.intended_at) / self.clock.speed
        found = None if owner is None else self.find_process(owner.pid)
        return owners.is_gone(owner, self.me, found, quiet_s)

    def at_work(self, lease: Lease) -> str:
        """Who waits for the answer to a create, in words."""
        owner = owners.read(lease.owner)
        if owner is None:
            return "an older Hunter"
        return "this Hunter" if owner == self.me else str(owner)

    def confirm(
        self,
        lease: Lease,
        instance_id: str,
        note: str = "",
        since: float | None = None,
        guard_said: str | None = None,
    ) -> Lease:
        """The market has created it: now, or at another time. Its time to live begins then."""
        at = self.clock.now(lease.market) if since is None else since
        lease = self.ledger.move_from(
            UNANSWERED, lease, "created", note, state="waiting", instance_id=instance_id,
            created_at=at, phase="allocating", last_seen_at=at,
            ttl_at=at + lease.ttl_at - lease.intended_at, guard_said=guard_said,
        )  # fmt: skip
        self.ledger.say(lease, "seen", at=at)
        return lease

    async def settle(self, lease: Lease, listings: int = LISTINGS) -> Lease:
        """Find out what became of a create without an answer, by its label.

        Raises MarketError where so many listings did not tell; it is as unclear as before then.
        """
        if lease.state == "intended":
            return self.refuse(lease, "never sent: the Hunter that meant to send it is gone")
        absent_at, whole = lease.absent_at, False
        for turn in range(listings):
            if turn:
                await self.clock.sleep(2 * LOOK_EVERY_S)
            listing = await self.listing(lease.market)
            known = self.ledger.fresh(lease)
            if known.state not in UNANSWERED:
                return known  # somebody else has settled it
            for instance in listing.instances:
                if instance.label == lease.label and instance.instance_id[:1] != UNNAMED:
                    return self.found(known, instance)
            now, whole = self.clock.now(lease.market), listing.complete
            if whole and absent_at is None:
                absent_at = now
            elif whole and absent_at is not None and now - absent_at >= APART_S:
                return self.refuse(lease, "two complete listings without it")
        if absent_at != lease.absent_at:
            self.ledger.move_from(UNANSWERED, self.ledger.fresh(lease), absent_at=absent_at)
        raise MarketError(
            f"What became of the create of {lease.offer} is still unclear: {lease.market} "
            + (
                "has to list its instances once more."
                if whole
                else "lists its instances only in part."
            ),
            remedy="Try again in a minute; hunter ps shows it.",
        )

    def found(self, lease: Lease, instance: Instance) -> Lease:
        """A lease's label stands in a listing: its create did happen, whatever was believed of it.

        Where it counted as over nobody waits for it any more, and it is to be ended.
        """
        since = min(
            max(instance.created_at or lease.intended_at, lease.intended_at),
            self.clock.now(lease.market),
        )
        if lease.state in UNANSWERED:
            return self.confirm(lease, instance.instance_id, "found by its label", since)
        return self.ledger.move_from(
            OVER, lease, "reopened", "the market lists it all the same", state="waiting", wish="gone",
            instance_id=instance.instance_id, created_at=lease.created_at or since, ended_at=None,
            absent_at=None, note=f"it was {lease.state}, and the market lists it all the same",
        )  # fmt: skip

    def refuse(self, lease: Lease, why: str) -> Lease:
        """Nothing was created."""
        return self.ledger.move_from(
            UNANSWERED, lease, "refused", why, state="refused", note=lease.note or why,
            ended_at=self.clock.now(lease.market),
        )  # fmt: skip

    # ── instances ────────────────────────────────────────────────────────────────────────────

    async def look(self, lease: Lease) -> Lease:
        """See how one instance is now, and put it on record."""
        if lease.instance_id is None:
            return lease
        return self.note(lease, await self.instance(lease))

    def note(self, lease: Lease, instance: Instance) -> Lease:
        """Record what the market says of a lease's instance; known also where it cannot be written.

        An answer that nobody can read says nothing. One that names another label is about something else:
        what was ours under that id is gone.
        """
        if instance.state == "unclear":
            return lease
        now = self.clock.now(lease.market)
        if instance.state == "gone" or not is_of(instance, lease):
            return self._absent(lease, now)
        changes = _changes(lease, instance)
        changed = {key: value for key, value in changes.items() if getattr(lease, key) != value}
        if "progress" in changed:
            changed["progress_at"] = now
        if instance.reachable and lease.ready_at is None:
            changed["ready_at"] = now
        if changed:
            since = max(now - (instance.running_s or 0.0), lease.intended_at)
            moved = "phase" in changed  # the market's word beats our looking late
            try:
                lease = self.ledger.move(
                    lease, "seen" if moved else "", instance.detail, since, **changed
                )
            except Moved:
                return self.ledger.fresh(lease)
            if "ready_at" in changed:
                way_in = instance.login.command if instance.login else ""
                self.ledger.say(lease, "ready", way_in, at=now)
        spent_usd = self.meter.spent_usd(lease)
        metered = {} if spent_usd is None else {"metered_usd": spent_usd}
        return self.ledger.grow(lease, last_seen_at=now, **metered)

    def bury(self, lease: Lease) -> Lease:
        """A whole listing is without it, so long after its market denied it by name: its end is proven."""
        lease = self.ledger.move_from(
            ("ending",), lease, "ended", "the market says that it is gone, and lists it no more",
            state="ended", ended_at=lease.absent_at,
        )  # fmt: skip
        spent_usd = self.meter.spent_usd(lease)  # nobody may have looked for minutes before the end
        return lease if spent_usd is None else self.ledger.grow(lease, metered_usd=spent_usd)

    def denied_long(self, lease: Lease) -> bool:
        """Whether its market denied it by name so long ago that a listing without it counts."""
        now = self.clock.now(lease.market)
        return (
            lease.state == "ending"
            and lease.absent_at is not None
            and now - lease.absent_at >= APART_S
        )

    def _absent(self, lease: Lease, now: float) -> Lease:
        """The market says that there is no such instance: the first half of the proof.

        Where nobody has asked for its end one such word is none: it has to be said again, a while later and
        with no sight of it between. Markets have said so of what ran.
        """
        again = lease.absent_at is not None
        if lease.state in OVER or (again and lease.state == "ending"):
            return lease
        try:
            if lease.state == "ending":
                return self.ledger.move(lease, absent_at=now, phase="gone")
            if lease.absent_at is None:
                return self.ledger.move(
                    lease, "denied", "once: it has to be said again", absent_at=now
                )
            if now - lease.absent_at < APART_S:
                return lease
            why = lease.note or "the market says that it is gone"
            return self.ledger.move(
                lease, "seen", "gone, and not by us", lease.absent_at, state="ending", phase="gone", note=why
            )  # fmt: skip
        except Moved:
            return self.ledger.fresh(lease)


def _changes(lease: Lease, instance: Instance) -> dict[str, Any]:
    """What an instance as it is now makes of a lease."""
    state = lease.state
    if state in COSTLY:
        ready = instance.reachable or lease.ready_at is not None
        state = "ready" if ready else "waiting"
        if instance.state in ("stopped", "interrupted"):
            by_us = lease.wish == "stopped"
            state = "stopped" if by_us or instance.state == "stopped" else "interrupted"
    changes: dict[str, Any] = {"state": state, "phase": instance.state, "absent_at": None}
    if state == "waiting" and lease.ready_at is None:
        changes |= _of_the_start(instance)
    if instance.price_usd_h is not None and lease.contract_usd_h is None:
        changes["contract_usd_h"] = instance.price_usd_h
    return changes


def _of_the_start(instance: Instance) -> dict[str, Any]:
    """What an instance that nobody could log in to yet says of its start."""
    found: dict[str, Any] = {"progress": instance.detail[:PROGRESS_MOST]} if instance.detail else {}
    if instance.exited:
        return found | {"phase": "failed", "fault": "exited"}
    if instance.state == "failed":
        return found | {"fault": instance.fault or "host"}
    return found
