"""Every way to keep a workload between two runs on one deal, with its price. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from msgspec.structs import replace

from hunter.cost.bill import bills
from hunter.cost.deal import MONTH_H
from hunter.cost.deals import known
from hunter.cost.keeping import Flip, Way, break_even_h, flips
from hunter.cost.shipping import shipped_as
from hunter.values.columns import Offers
from hunter.values.units import gb, usd_h_from_gb_month

if TYPE_CHECKING:
    from hunter.cost.bill import Bills
    from hunter.cost.deal import Deal
    from hunter.estimate.assumptions import Assumptions
    from hunter.values.billing import MarketRules, NetworkVolume
    from hunter.values.storage_prices import ObjectStore, StoragePrices
    from hunter.values.workload import Workload

FETCHED = ("download", "unpack", "weights")
"""Phases of a start that a kept disk saves."""


def volume_usd_month(volume: NetworkVolume, size_gb: float) -> float:
    """What a network volume of this size costs a month: less for what is above its tier.

    At $0.07 a GB, and $0.05 above 1000 GB, 1200 GB cost 70 + 10 = $80.
    """
    above_gb = max(0.0, size_gb - volume.tier_gb.expected)
    below_usd = (size_gb - above_gb) * volume.usd_gb_month.expected
    return below_usd + above_gb * volume.beyond_usd_gb_month.expected


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One way on one deal, at the gap that the user asked about. None is unknown."""

    way: Way
    gap_usd: float | None
    """Of one gap, the start after it included."""
    month_usd: float | None
    """Of gaps and starts at this cadence."""
    break_even_h: float | None
    """Idle hours up to which it beats destroying and fetching; infinite where it always does."""
    restart_fails: float


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """Keep or fetch again, on one deal."""

    offer: str
    gpu: str
    location: str | None
    idle_h: float
    every_h: float | None
    ways: tuple[Kept, ...]
    """The cheapest at this gap first."""
    flips: tuple[Flip, ...]


def storage(deal: Deal, storage_prices: StoragePrices, idle_h: float) -> Storage:
    """Every way to keep the workload on one deal, and what a gap of so many idle hours costs in each."""
    offer, start_s = deal.offer, deal.cold_start_s
    return compared(
        ways(Offers.of([offer]), deal.workload, deal.assumptions, storage_prices),
        idle_h,
        None if start_s is None else idle_h + deal.run_h + start_s / 3600,
        offer=offer.ref,
        gpu=offer.gpu,
        location=offer.location,
    )


def compared(
    found: tuple[Way, ...], idle_h: float, every_h: float | None, *, offer: str, gpu: str,
    location: str | None,
) -> Storage:  # fmt: skip
    """These ways side by side; the first of them keeps nothing and is what the others are held against."""
    fetch = found[0].cold_usd
    kept = [
        Kept(
            way=way,
            gap_usd=(gap := known(way.gap_usd(np.array([idle_h]))[0])),
            month_usd=None if gap is None or every_h is None else gap * MONTH_H / every_h,
            break_even_h=break_even_h(way, fetch),
            restart_fails=way.restart_fails(idle_h),
        )
        for way in found
    ]
    return Storage(
        offer=offer,
        gpu=gpu,
        location=location,
        idle_h=idle_h,
        every_h=every_h,
        ways=tuple(sorted(kept, key=lambda k: np.inf if k.gap_usd is None else k.gap_usd)),
        flips=flips(found),
    )


def ways(
    offer: Offers, workload: Workload, assumptions: Assumptions, storage_prices: StoragePrices
) -> tuple[Way, ...]:
    """Every way to keep a workload on one offer; the first destroys, and fetches as the workload says.

    Args:
        offer: of one row.
        workload: with its sizes.
        assumptions: rules, priors and what our launches taught.
        storage_prices: object stores; a network volume is the market's.
    """
    rule = assumptions.rules[offer.market[0] or ""]
    bill = bills(offer, workload, assumptions)
    weights = workload.payload.weights_bytes
    found = [_destroyed("destroy", "destroy, fetch everything again", bill), _running(bill)]
    if rule.stop_keeps_disk:
        found.insert(1, _stopped(bill, rule))
    if not workload.payload.fetches or weights is None:
        return tuple(found)
    if not rule.stop_keeps_disk:
        found.insert(1, _volume_disk(bill, gb(weights), offer, rule))
    baked = bills(offer, shipped_as(workload, "layers", assumptions.coldstart_facts), assumptions)
    found.insert(1, _destroyed("baked", "destroy, weights baked into the image", baked))
    stored = bills(offer, shipped_as(workload, "store", assumptions.coldstart_facts), assumptions)
    for name, store in storage_prices.store.items():
        found.append(_stored(name, store, stored, gb(weights)))
    if rule.volume is not None:
        found.append(_network(rule.volume, bill, gb(weights), offer, rule.month_h))
    return tuple(found)


def _destroyed(name: str, says: str, bill: Bills) -> Way:
    usd = known(bill.acquire_usd[0])
    return Way(
        name=name, says=says, keep_usd_h=0.0, warm_usd=usd, cold_usd=usd,
        warm_s=known(bill.cold_start_s[0]), source="offer; cold-start model",
    )  # fmt: skip


def _running(bill: Bills) -> Way:
    return Way(
        name="running", says="keep it running", keep_usd_h=known(bill.all_in_usd_h[0]),
        warm_usd=0.0, cold_usd=known(bill.acquire_usd[0]), warm_s=0.0, source="offer",
    )  # fmt: skip


def _without(bill: Bills, phases: tuple[str, ...]) -> tuple[float | None, float | None]:
    """Dollars and seconds of a start without these phases."""
    rest = [
        (usd[0], phase.expected_s[0])
        for phase, usd in zip(bill.phases, bill.phase_usd, strict=True)
        if phase.name not in phases
    ]
    return known(sum(usd for usd, _ in rest)), known(sum(seconds for _, seconds in rest))


def _stopped(bill: Bills, rule: MarketRules) -> Way:
    warm_usd, warm_s = _without(bill, FETCHED)
    way = Way(
        name="stopped", says="stop it and keep the disk", keep_usd_h=known(bill.keep_usd_h[0]),
        warm_usd=warm_usd, cold_usd=known(bill.acquire_usd[0]), warm_s=warm_s,
        ties_to="the machine", source="offer; the market's restart chance",
    )  # fmt: skip
    return _may_be_taken(way, rule)


def _may_be_taken(way: Way, rule: MarketRules) -> Way:
    restart = rule.restart
    if restart is None:
        return way
    return replace(way, taken_after_h=restart.taken_after_h.expected, left=restart.left.expected)


def _volume_disk(bill: Bills, weights_gb: float, offer: Offers, rule: MarketRules) -> Way:
    """A stop that erases the container's disk: only what lies on the volume is kept, the image is not."""
    warm_usd, warm_s = _without(bill, ("weights",))
    rate = known(offer.storage_stopped_usd_gb_month[0])
    way = Way(
        name="volume disk", says="stop it, weights on its volume disk",
        keep_usd_h=None if rate is None else usd_h_from_gb_month(rate, weights_gb, rule.month_h),
        warm_usd=warm_usd, cold_usd=known(bill.acquire_usd[0]), warm_s=warm_s,
        ties_to="the machine", source=_of_a_stop(rule),
    )  # fmt: skip
    return _may_be_taken(way, rule)


def _of_a_stop(rule: MarketRules) -> str:
    """Who says what a stop keeps."""
    stopped = rule.phases.get("stopped")
    said = "not described" if stopped is None else stopped["disk"].source
    return f"{said}; the market's restart chance"


def _stored(name: str, store: ObjectStore, bill: Bills, weights_gb: float) -> Way:
    acquire = known(bill.acquire_usd[0])
    usd = None if acquire is None else acquire + weights_gb * store.out_usd_gb.expected
    return Way(
        name=name, says=f"destroy, weights in {store.title}",
        keep_usd_h=usd_h_from_gb_month(store.usd_gb_month.expected, weights_gb, store.month_h),
        warm_usd=usd, cold_usd=usd, warm_s=known(bill.cold_start_s[0]), source=store.usd_gb_month.source,
    )  # fmt: skip


def _network(
    volume: NetworkVolume, bill: Bills, weights_gb: float, offer: Offers, month_h: float
) -> Way:
    """Weights are read from the volume instead of fetched; it is slower than a disk of the machine."""
    warm_usd, warm_s = _without(bill, ("weights",))
    read_s = weights_gb * 1000 / volume.read_mb_s.expected
    each_s = known(bill.all_in_usd_h[0])
    usd = None if warm_usd is None or each_s is None else warm_usd + read_s / 3600 * each_s
    acquire, cold = known(bill.acquire_usd[0]), known(bill.cold_start_usd[0])
    duds = None if acquire is None or cold is None else acquire - cold
    usd = None if usd is None or duds is None else usd + duds
    return Way(
        name="network volume", says="destroy, weights on a network volume",
        keep_usd_h=volume_usd_month(volume, weights_gb) / month_h, warm_usd=usd, cold_usd=usd,
        warm_s=None if warm_s is None else warm_s + read_s,
        ties_to=offer.location[0] or "one data centre", source=volume.usd_gb_month.source,
    )  # fmt: skip


def by_hand(gpu_usd_h: float, disk_usd_h: float, start_s: float) -> tuple[Way, ...]:
    """The ways of an instance that is described in three numbers, as the talk describes its 4090.

    A start runs GPU and disk; what was kept starts at once.
    """
    all_in = gpu_usd_h + disk_usd_h
    fetch = start_s / 3600 * all_in
    return (
        Way(name="destroy", says="destroy, fetch everything again", keep_usd_h=0.0,
            warm_usd=fetch, cold_usd=fetch, warm_s=start_s),
        Way(name="stopped", says="keep the disk", keep_usd_h=disk_usd_h, warm_usd=0.0,
            cold_usd=fetch, warm_s=0.0),
        Way(name="running", says="keep it running", keep_usd_h=all_in, warm_usd=0.0,
            cold_usd=fetch, warm_s=0.0),
    )  # fmt: skip
