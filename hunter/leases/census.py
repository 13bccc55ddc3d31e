"""Who is who on one market: every instance that it lists beside every lease that was ever on record.

A label that belongs to a lease brings that lease back, whatever was believed of it. One that names this home
and no lease is taken on: its record was lost, and what it costs was not. All others are shown, never touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hunter.leases.asking import sentence
from hunter.leases.identity import by_label, is_of, is_twin, read_label, whose
from hunter.leases.lease import Lease
from hunter.leases.states import OVER, UNANSWERED
from hunter.markets.protocol import Instance
from hunter.markets.records import UNNAMED
from hunter.values.errors import HunterError, MarketError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from hunter.leases.lease import Caps
    from hunter.leases.lookout import Lookout


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A lease as it is after its market was asked, with its instance, and what is unclear about it."""

    lease: Lease
    instance: Instance | None = None
    problem: str = ""
    adopted: bool = False
    """Its record was lost, and it was taken on now."""


class Census(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one market lists, and all leases that may cost money there."""

    market: str
    ours: tuple[Seen, ...] = ()
    doubles: tuple[Instance, ...] = ()
    """Further instances of one lease's label: nobody ever meant them."""
    elsewhere: tuple[Instance, ...] = ()
    """Those of other homes of Hunter's."""
    foreign: tuple[Instance, ...] = ()
    """Those that are not Hunter's, or of which nobody can say."""
    problem: HunterError | None = None
    """Why the market's answer is no answer, or only a part of one."""


async def census(name: str, lookout: Lookout, adopt: Caps) -> Census:
    """Ask one market what it lists, and put on record what follows for every lease.

    Args:
        name: the market.
        lookout: puts it on record.
        adopt: the caps of an instance whose record was lost.
    """
    problem: HunterError | None = None
    listed: Sequence[Instance] = ()
    complete = False
    try:
        listing = await lookout.listing(name)
        if not all(isinstance(one, Instance) for one in listing.instances):
            raise MarketError(f"{name} listed something that is no instance.")
        listed, complete = listing.instances, listing.complete
        if not complete:
            problem = MarketError(f"{name} listed its instances only in part.")
    except HunterError as error:
        problem = error
    except Exception as surprise:  # noqa: BLE001  one market's surprise stays that market's
        problem = MarketError(f"{name}'s answer could not be used ({sentence(surprise)}).")
    leases = [lease for lease in lookout.ledger.all() if lease.market == name]
    unread = {odd.label for odd in lookout.ledger.odd()}
    sorted_out = _sort(listed, leases, unread, lookout.ledger.home)
    ours = [await _known(lookout, lease, instance) for lease, instance in sorted_out.known]
    ours += [
        take_on(lookout, instance, adopt)
        for instance in sorted_out.lost
        if instance.instance_id[:1] != UNNAMED
    ]
    met = {seen.lease.lease_id for seen in ours}
    for lease in leases:
        if lease.live and lease.lease_id not in met:
            ours.append(await _unlisted(lookout, lease, complete=complete))
    return Census(
        market=name,
        ours=tuple(seen for seen in ours if seen.lease.live),
        doubles=tuple(sorted_out.doubles),
        elsewhere=tuple(sorted_out.elsewhere),
        foreign=tuple(sorted_out.foreign),
        problem=problem,
    )


class _Sorted(msgspec.Struct):
    known: list[tuple[Lease, Instance]] = []
    doubles: list[Instance] = []
    lost: list[Instance] = []
    elsewhere: list[Instance] = []
    foreign: list[Instance] = []


def _sort(
    listed: Sequence[Instance], leases: Sequence[Lease], unread: Collection[str], home: str
) -> _Sorted:
    """Each instance to whom it belongs: by its label, else by an id that nothing speaks against.

    Those of leases that cannot be read are nobody's here: whoever shows them knows them by their labels.
    """
    labels, found, taken = by_label(leases), _Sorted(), set[str]()
    ids = {lease.instance_id: lease for lease in leases if lease.live and lease.instance_id}

    def right_one(instance: Instance) -> bool:
        return (
            instance.label in labels and labels[instance.label].instance_id == instance.instance_id
        )

    for instance in sorted(listed, key=right_one, reverse=True):
        lease = labels.get(instance.label or "") or ids.get(instance.instance_id)
        if lease is not None and is_of(instance, lease):
            if lease.lease_id in taken or is_twin(instance, lease):
                found.doubles.append(instance)
            else:
                taken.add(lease.lease_id)
                found.known.append((lease, instance))
            continue
        match "foreign" if instance.label in unread else whose(instance, home, labels):
            case "lost":
                found.lost.append(instance)
            case "elsewhere":
                found.elsewhere.append(instance)
            case _:
                found.foreign.append(instance)
    return found


async def _known(lookout: Lookout, lease: Lease, instance: Instance) -> Seen:
    """A lease whose instance is listed."""
    if instance.state == "unclear" or instance.instance_id[:1] == UNNAMED:
        return Seen(lease=lease, instance=instance, problem=instance.detail or "it has no id")
    try:
        if lease.state in UNANSWERED and not lookout.adrift(lease) and lease.state != "unclear":
            return Seen(lease=lease, instance=instance)  # whoever sent it hears of it himself
        if lease.state in (*UNANSWERED, *OVER):
            lease = lookout.found(lease, instance)
        lease = lookout.note(lease, instance)
    except HunterError as error:
        return Seen(lease=lease, instance=instance, problem=str(error))
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        text = f"what the market says of it cannot be used ({sentence(error)})"
        return Seen(lease=lease, instance=instance, problem=text)
    return Seen(lease=lease, instance=instance)


async def _unlisted(lookout: Lookout, lease: Lease, *, complete: bool) -> Seen:
    """A live lease that is not in the listing: only a whole listing gives a reason to ask by name."""
    try:
        if lease.state in UNANSWERED:
            if lease.state == "unclear" or lookout.adrift(lease):
                lease = await lookout.settle(lease, 1)
        elif complete:
            lease = await lookout.look(lease)
            if lookout.denied_long(lease):
                lease = lookout.bury(lease)
    except HunterError as error:
        return Seen(lease=lookout.ledger.fresh(lease), problem=str(error))
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        return Seen(
            lease=lease, problem=f"what the market says of it cannot be used ({sentence(error)})"
        )
    return Seen(lease=lease)


def take_on(lookout: Lookout, instance: Instance, caps: Caps) -> Seen:
    """Keep an instance of Hunter's that this home has no record of: with caps and a deadline."""
    label = read_label(instance.label)
    assert label is not None, "only what carries a label of Hunter's is taken on"
    now = lookout.clock.now(instance.market)
    price = instance.price_usd_h or 0.0
    lease = Lease(
        lease_id=label.lease_id,
        label=str(instance.label),
        market=instance.market,
        instance_id=instance.instance_id,
        offer=f"{instance.market}:?",
        workload="adopted",
        state="waiting",
        phase=instance.state,
        gpu=instance.gpu,
        gpu_count=instance.gpu_count,
        tenancy=instance.tenancy,
        machine_id=instance.machine_id,
        host_id=instance.host_id,
        disk_gb=instance.disk_gb or 0.0,
        intended_at=instance.created_at or now,
        created_at=instance.created_at or now,
        last_seen_at=now,
        ttl_at=now + caps.ttl_s,
        max_usd_h=max(caps.max_usd_h, price),
        max_usd=caps.max_usd,
        quoted_usd_h=price,
        contract_usd_h=instance.price_usd_h,
        note="its record was lost; it was taken on by its label",
        guard="wanted",  # it may carry one: its log will tell
    )
    try:
        lookout.ledger.add(lease, "adopted", "by its label")
        lease = lookout.note(lease, instance)
    except HunterError as error:
        return Seen(lease=lease, instance=instance, problem=str(error), adopted=True)
    return Seen(lease=lease, instance=instance, adopted=True)
