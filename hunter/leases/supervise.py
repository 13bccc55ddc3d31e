"""Keeping leases: watch them, and hold them inside their caps whatever becomes of the watching."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from hunter.leases.asking import sentence
from hunter.leases.ender import Ender, ending
from hunter.leases.lookout import COSTLY_STATES, LOOK_EVERY_S
from hunter.values.errors import WaitRanOut
from hunter.values.units import duration

if TYPE_CHECKING:
    from hunter.leases.lease import Lease

LOOK_AT_LEAST_EVERY_S = 60.0
"""The longest pause between two looks at an instance whose market fails."""
DEARER = 1.02
"""A contract above the quote by more than this is ended."""


class Keeper(Ender):
    """Watches leases until their end."""

    @cached_property
    def troubles(self) -> dict[str, str]:
        """Why the last look at a lease failed, by lease id, while it is watched and does."""
        return {}

    async def keep(
        self,
        lease_id: str,
        *,
        until: tuple[str, ...] = ("ended", "refused"),
        give_up_s: float = 1e9,
    ) -> Lease:
        """Watch a lease and keep its caps until it reaches one of these states.

        A lease that fails, outlives its time or reaches its money is ended, and its end proven. What is
        known decides that before anybody is asked; looks that fail are told in `troubles`, and survived.
        Raises WaitRanOut, after ending it, where it was not ready within `give_up_s` of its create.
        """
        lease, failures, look_at = self.get(lease_id), 0, 0.0
        try:
            while lease.live and lease.state not in until:
                look = self.clock().now() >= look_at
                try:
                    lease = await self._keep_once(lease, give_up_s, look=look)
                    if look:
                        failures = 0
                        self.troubles.pop(lease_id, None)
                except WaitRanOut:
                    raise
                except Exception as error:  # noqa: BLE001  whatever a look raises, caps are kept
                    failures += 1
                    look_at = self.clock().now() + _pause_s(failures)
                    self._troubled(lease, error)
                if lease.live and lease.state not in until:
                    await self.clock().sleep(max(LOOK_EVERY_S, 0.25 * self.clock().speed))
                    lease = self.fresh(lease)
            return lease
        finally:
            self.troubles.pop(lease_id, None)

    async def _keep_once(self, lease: Lease, give_up_s: float, *, look: bool) -> Lease:
        if lease.state == "ending":
            return await self.end(lease, lease.note)
        if lease.instance_id is None:
            settles = look and (lease.state == "unclear" or self.adrift(lease))
            return await self.settle(lease) if settles else lease
        known = await self._hold(lease, give_up_s)
        if not look or known.state not in COSTLY_STATES:
            return known
        return await self._hold(await self.look(known), give_up_s)

    async def _hold(self, lease: Lease, give_up_s: float) -> Lease:
        """End the lease if what is known of it says so."""
        why = self.breach(lease)
        waited_s = self.clock().now() - (lease.created_at or lease.intended_at)
        late = lease.ready_at is None and waited_s > give_up_s
        if why is None and late:
            why = f"not ready after {duration(give_up_s)}"
        if why is None or not lease.live:
            return lease
        lease = await self.end(lease, why)
        if late:
            raise WaitRanOut(
                f"{lease.offer} was {why}; it was {ending(lease)} and cost "
                f"${lease.metered_usd:.4f}.",
                remedy="Take the next offer of hunter deals.",
            )
        return lease

    def breach(self, lease: Lease) -> str | None:
        """Why a lease must end now by what is known of it; None while it is inside its caps."""
        if lease.state not in COSTLY_STATES:
            return None
        contract = lease.contract_usd_h
        if contract is not None:
            dear = contract + (lease.storage_usd_h or 0.0) > lease.max_usd_h
            if dear or contract > lease.quoted_usd_h * DEARER:
                quoted = f"quoted ${lease.quoted_usd_h:.4f}/h, contracted ${contract:.4f}/h"
                return f"it is dearer than agreed: {quoted}"
        if lease.phase == "failed":
            return "the host did not bring it up"
        if self.clock().now() >= lease.ttl_at:
            return "its time to live is over"
        spent_usd = self.spent_usd(lease)
        if (lease.metered_usd if spent_usd is None else spent_usd) >= lease.max_usd:
            return f"it reached its cap of ${lease.max_usd:.2f}"
        return None

    def _troubled(self, lease: Lease, error: Exception) -> None:
        """A look failed: the same failure is put on record once."""
        text = sentence(error)
        if self.troubles.get(lease.lease_id) != text:
            self.say(lease, "look failed", text)
        self.troubles[lease.lease_id] = text


def _pause_s(failures: int) -> float:
    return float(min(LOOK_EVERY_S * 2 ** min(failures, 10), LOOK_AT_LEAST_EVERY_S))
