"""The front of this room: everything that can be done with leases, each part doing its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hunter.leases import fleet, status
from hunter.leases.census import take_on
from hunter.leases.ender import Ender
from hunter.leases.identity import read_label
from hunter.leases.launch import Launcher
from hunter.leases.reap import Reaped, reap
from hunter.leases.states import COSTLY
from hunter.leases.status import Rented
from hunter.leases.supervise import Supervisor
from hunter.values.errors import MarketError, UsageError

if TYPE_CHECKING:
    from hunter.cost.deal import Deal
    from hunter.leases.ender import Learns
    from hunter.leases.fleet import Fleet
    from hunter.leases.lease import Caps, Lease
    from hunter.leases.ledger import Ledger, Odd
    from hunter.leases.lookout import Lookout
    from hunter.leases.meter import Meter
    from hunter.leases.status import Burning, LeaseStatus
    from hunter.markets.protocol import Market
    from hunter.values.clock import Clock
    from hunter.values.login import Login
    from hunter.values.workload import Workload


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases of one home: on record, and at the markets."""

    ledger: Ledger
    meter: Meter
    lookout: Lookout
    ender: Ender
    supervisor: Supervisor
    launcher: Launcher
    adopt: Caps
    """Of instances of this home whose record was lost."""

    @classmethod
    def of(cls, lookout: Lookout, adopt: Caps, lessons: Learns | None = None) -> Leases:
        """All parts on one lookout; `lessons` learn from every end."""
        ledger, meter = lookout.ledger, lookout.meter
        ender = Ender(ledger, lookout, lessons)
        return cls(
            ledger,
            meter,
            lookout,
            ender,
            Supervisor(ledger, lookout, ender),
            Launcher(ledger, lookout, ender),
            adopt,
        )

    @property
    def clock(self) -> Clock:
        """The markets' time."""
        return self.ledger.clock

    # ── on record ────────────────────────────────────────────────────────────────────────────

    def all(self, *, live_only: bool = False) -> list[Lease]:
        """Leases on record, newest first; those that cannot be read are `odd`."""
        return self.ledger.all(live_only=live_only)

    def odd(self) -> list[Odd]:
        """Leases on record that cannot be read and whose end is not on record."""
        return self.ledger.odd()

    def get(self, lease_id: str) -> Lease:
        """One lease, by its id or by the market's id of its instance."""
        return self.ledger.get(lease_id)

    def fresh(self, lease: Lease) -> Lease:
        """The lease as it is on record now; as it was known where the record cannot be read."""
        return self.ledger.fresh(lease)

    def spent_usd(self, lease: Lease) -> float | None:
        """What a lease has cost up to now, $; None where nobody can say."""
        return self.meter.spent_usd(lease)

    def burn_usd_h(self, lease: Lease) -> float | None:
        """What it costs an hour in the state it was last seen in; None where nobody can say."""
        return self.meter.burn_usd_h(lease)

    def status(self, lease_id: str) -> LeaseStatus:
        """Everything on record about one lease; UsageError where there is no such lease."""
        return status.lease_status(self.meter, lease_id)

    def burning(self) -> Burning:
        """What runs now and what it costs an hour, without asking any market."""
        return status.burning(self.meter)

    @property
    def troubles(self) -> dict[str, str]:
        """Why the last look at a lease failed, by lease id, while it is watched and does."""
        return self.supervisor.troubles

    # ── at the markets ───────────────────────────────────────────────────────────────────────

    async def launch(self, deal: Deal, workload: Workload, caps: Caps) -> Lease:
        """Rent a freshly quoted deal, and write down what was predicted for it."""
        lease = await self.launcher.launch(
            deal.offer,
            workload,
            caps,
            storage_usd_h=deal.storage_usd_h,
            predicted=status.expected_of(deal),
        )
        status.remember(self.ledger, lease, Rented(offer=deal.offer, workload=deal.workload))
        return lease

    async def keep(
        self,
        lease_id: str,
        *,
        until: tuple[str, ...] = ("ended", "refused"),
        give_up_s: float = 1e9,
    ) -> Lease:
        """Watch a lease and keep its caps until it reaches one of these states."""
        return await self.supervisor.keep(lease_id, until=until, give_up_s=give_up_s)

    async def look(self, lease: Lease) -> Lease:
        """See how one instance is now, and put it on record."""
        return await self.lookout.look(lease)

    async def destroy(
        self, name: str, why: str = "asked by the user", *, proof: bool = True
    ) -> Lease:
        """End a lease, by its id, its label or MARKET:ID, and prove that it is gone.

        An instance that has no lease here is ended where its label says that a Hunter rented it; UsageError
        where it does not: what is not Hunter's is never touched.
        """
        try:
            lease_id = self.ledger.get(name).lease_id
        except UsageError:
            market, _, instance_id = name.partition(":")
            if market not in self.lookout.markets.names() or not instance_id:
                raise
            lease_id = (await self._elsewhere(market, instance_id)).lease_id
        return await self.ender.destroy(lease_id, why, proof=proof)

    async def _elsewhere(self, market: str, instance_id: str) -> Lease:
        """An instance that another home of Hunter's rented, kept here from now on."""
        listing = await self.lookout.listing(market)
        for instance in listing.instances:
            if instance.instance_id != instance_id:
                continue
            if read_label(instance.label) is None:
                raise UsageError(
                    f"{market}:{instance_id} is not Hunter's ({instance.label or 'without a label'}): "
                    "it is never touched.",
                    remedy="End it on the market's own page.",
                )
            return take_on(self.lookout, instance, self.adopt).lease
        raise UsageError(
            f"{market} lists no instance {instance_id!r}.", remedy="hunter ps shows what it lists."
        )

    async def reap(self, *, proof: bool = True) -> Reaped:
        """One pass: settle, adopt, end what is past its limits, finish ends, read bills again."""
        return await reap(self, proof=proof)

    async def running(self) -> Fleet:
        """Everything that may cost money: our leases, and what the markets list beside them."""
        return await fleet.running(self.lookout, self.adopt)

    async def logs(self, lease_id: str, lines: int = 100) -> str:
        """The last that an instance's container printed."""
        _, market, instance_id = await self._instance_of(lease_id)
        return await market.logs(instance_id, lines)

    async def login(self, lease_id: str) -> Login:
        """The way in to an instance; MarketError while there is none."""
        _, market, instance_id = await self._instance_of(lease_id)
        now = await market.instance(instance_id)
        if now.login is None:
            raise MarketError(
                f"{lease_id} cannot be logged in to yet ({now.state}).",
                remedy="Wait until hunter ps says ready.",
            )
        return now.login

    async def stop(self, lease_id: str) -> Lease:
        """Free an instance's GPU and keep its disk, which goes on costing money."""
        lease, market, instance_id = await self._instance_of(lease_id)
        lease = self.ledger.move_from(COSTLY, lease, "stop asked", wish="stopped")
        await market.stop(instance_id)
        return await self.lookout.look(lease)

    async def _instance_of(self, lease_id: str) -> tuple[Lease, Market, str]:
        lease = self.ledger.get(lease_id)
        market = await self.lookout.markets.open(lease.market)
        if lease.instance_id is None:
            raise UsageError(
                f"{lease_id} has no instance ({lease.state}).", remedy="hunter ps shows it."
            )
        return lease, market, lease.instance_id
