"""Looking: what markets say of leases, put on record; and what became of creates that nobody answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hunter.leases import owner as owners
from hunter.leases.asking import asked
from hunter.leases.lease import COSTLY_STATES
from hunter.markets.records import UNNAMED
from hunter.values.errors import MarketError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.leases.lease import Lease
    from hunter.leases.ledger import Ledger
    from hunter.leases.owner import Owner, Process
    from hunter.markets.open import OpenMarkets
    from hunter.markets.protocol import Instance

LOOK_EVERY_S = 5.0
"""The market's seconds between two looks at an instance: Vast answers a list once a second."""
LISTINGS = 6
"""How many listings are asked for an instance's label before its create stays unclear for now."""
UNANSWERED = ("intended", "creating", "unclear")


class Lookout:
    """Puts on record what the markets say of our leases."""

    def __init__(
        self,
        ledger: Ledger,
        markets: OpenMarkets,
        *,
        me: Owner | None = None,
        find_process: Callable[[int], Process | None] = owners.find_process,
    ) -> None:
        self.ledger = ledger
        self.markets = markets
        self.clock = ledger.clock
        self.me = me or owners.this_process()
        self._find_process = find_process

    # ── creates ──────────────────────────────────────────────────────────────────────────────

    def adrift(self, lease: Lease) -> bool:
        """Whether a create has no answer yet and nobody waits for one any more."""
        if lease.state not in UNANSWERED:
            return False
        owner = owners.read(lease.owner)
        if owner == self.me:
            return lease.lease_id not in owners.UNDER_WAY
        quiet_s = (self.clock.now() - lease.intended_at) / self.clock.speed
        found = None if owner is None else self._find_process(owner.pid)
        return owners.is_gone(owner, self.me, found, quiet_s)

    def at_work(self, lease: Lease) -> str:
        """Who waits for the answer to a create, in words."""
        owner = owners.read(lease.owner)
        if owner is None:
            return "an older Hunter"
        return "this Hunter" if owner == self.me else str(owner)

    def confirm(
        self, lease: Lease, instance_id: str, note: str = "", since: float | None = None
    ) -> Lease:
        """The market has created it: now, or at another time."""
        at = self.clock.now() if since is None else since
        lease = self.ledger.put(
            lease, state="waiting", instance_id=instance_id, created_at=at, phase="allocating"
        )
        self.ledger.say(lease, "created", note)
        self.ledger.say(lease, "seen", at=at)
        return lease

    async def settle(self, lease: Lease, listings: int = LISTINGS) -> Lease:
        """Find out what became of a create without an answer, by its label.

        Raises MarketError where so many listings did not tell; it is as unclear as before then.
        """
        if lease.state == "intended":
            return self.refuse(lease, "never sent: the Hunter that meant to send it is gone")
        market = await self.markets.open(lease.market)
        absences = 0
        for turn in range(listings):
            if turn:
                await self.clock.sleep(2 * LOOK_EVERY_S)
            listing = await asked(lease.market, market.instances())
            known = self.ledger.fresh(lease)
            if known.state not in UNANSWERED:
                return known  # somebody else has settled it
            for instance in listing.instances:
                if instance.label == lease.label and instance.instance_id[:1] != UNNAMED:
                    since = instance.created_at or lease.intended_at
                    since = min(max(since, lease.intended_at), self.clock.now())
                    return self.confirm(lease, instance.instance_id, "found by its label", since)
            absences += listing.complete
            if absences == 2:
                return self.refuse(lease, "two complete listings without it")
        raise MarketError(
            f"What became of the create of {lease.offer} is still unclear: "
            f"{lease.market} lists its instances only in part.",
            remedy="Try again in a minute; hunter ps shows it.",
        )

    def refuse(self, lease: Lease, why: str) -> Lease:
        """Nothing was created."""
        note = lease.note or why
        lease = self.ledger.put(lease, state="refused", ended_at=self.clock.now(), note=note)
        self.ledger.say(lease, "refused", why)
        return lease

    # ── instances ────────────────────────────────────────────────────────────────────────────

    async def look(self, lease: Lease) -> Lease:
        """See how one instance is now, and put it on record."""
        if lease.instance_id is None:
            return lease
        market = await self.markets.open(lease.market)
        return self.note(lease, await asked(lease.market, market.instance(lease.instance_id)))

    def note(self, lease: Lease, instance: Instance) -> Lease:
        """Record what the market says of a lease's instance; known also where it cannot be written."""
        now = self.clock.now()
        changes = _changes(lease, instance, now)
        changed = {key: value for key, value in changes.items() if getattr(lease, key) != value}
        if changed:
            moved = "phase" in changed
            lease = self.ledger.put(lease, **changed)
            if moved:
                since = now - (
                    instance.running_s or 0.0
                )  # the market's word beats our looking late
                self.ledger.say(lease, "seen", instance.detail, at=max(since, lease.intended_at))
            if "ready_at" in changed:
                way_in = instance.login.command if instance.login else ""
                self.ledger.say(lease, "ready", way_in, at=now)
        spent_usd = self.ledger.spent_usd(lease)
        return lease if spent_usd is None else self.ledger.put(lease, metered_usd=spent_usd)


def _changes(lease: Lease, instance: Instance, now: float) -> dict[str, Any]:
    """What an instance as it is now makes of a lease."""
    if instance.state == "gone":
        return {"state": "ended", "ended_at": now, "phase": "gone"}
    state = lease.state
    if state in COSTLY_STATES:
        stopped = instance.state in ("stopped", "interrupted")
        ready = instance.reachable or lease.ready_at is not None
        state = "stopped" if stopped else "ready" if ready else "waiting"
    changes: dict[str, Any] = {"state": state, "phase": instance.state}
    if instance.reachable and lease.ready_at is None:
        changes["ready_at"] = now
    if instance.price_usd_h is not None and lease.contract_usd_h is None:
        changes["contract_usd_h"] = instance.price_usd_h
    return changes
