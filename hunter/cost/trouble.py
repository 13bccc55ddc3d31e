"""What goes wrong in one run on each offer, and what it costs: hosts that never boot, cuts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hunter.cost.rates import bytes_in_gb, priced
from hunter.estimate.risk import (
    boot_chance,
    expected_duds,
    interruptions_per_h,
    most_cuts,
    most_of,
    worked_h,
)
from hunter.estimate.speeds import by_market
from hunter.values.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from hunter.cost.rates import Rates
    from hunter.estimate.assumptions import Assumptions
    from hunter.estimate.coldstart import Phase
    from hunter.values.columns import Offers
    from hunter.values.units import Floats
    from hunter.values.workload import Workload


class Trouble(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Duds and interruptions of one run on each offer."""

    boot_chance: Floats
    duds: Floats
    dud_usd: Floats
    """Each."""
    cuts: Floats
    lost_h: Floats
    """Work done twice."""
    start_usd: Floats
    """Of the start after an interruption, its duds included."""
    duds_usd: Floats
    """Expected, all duds together."""
    usd: Floats
    """Expected, everything together."""
    duds_high_usd: Floats
    """Not exceeded in nine runs of ten, about; and so the next."""
    cuts_high_usd: Floats


def trouble_of(
    offers: Offers,
    workload: Workload,
    assumptions: Assumptions,
    run_h: Floats,
    phases: tuple[Phase, ...],
    cold_usd: Floats,
    rates: Rates,
) -> Trouble:
    """Duds and interruptions of one run on each offer.

    Args:
        offers: n offers.
        workload: what runs.
        assumptions: rules, priors and what our launches taught.
        run_h: useful hours.
        phases: of the cold start.
        cold_usd: what one start costs.
        rates: what an hour and a byte cost.
    """
    risks, known = assumptions.risks, assumptions.record
    chance = boot_chance(offers, assumptions.rules, risks, known)
    duds = expected_duds(chance)
    dud_usd = _dud_usd(offers, phases, rates, assumptions)
    rate = interruptions_per_h(offers, assumptions.rules, risks, known)
    worked = worked_h(run_h, rate, workload.run.checkpoint_every_h)
    lost_h, cuts = worked - run_h, rate * worked
    start_usd = cold_usd + priced(duds, dud_usd)
    lost_usd = priced(lost_h, rates.all_in)
    each = start_usd + lost_usd / np.where(cuts > 0, cuts, 1.0)
    return Trouble(
        boot_chance=chance,
        duds=duds,
        dud_usd=dud_usd,
        cuts=cuts,
        lost_h=lost_h,
        start_usd=start_usd,
        duds_usd=priced(duds, dud_usd),
        usd=priced(duds, dud_usd) + lost_usd + priced(cuts, start_usd),
        duds_high_usd=priced(most_of(chance, 0.9), dud_usd),
        cuts_high_usd=priced(most_cuts(cuts), np.where(cuts > 0, each, 0.0)),
    )


def _dud_usd(
    offers: Offers, phases: tuple[Phase, ...], rates: Rates, assumptions: Assumptions
) -> Floats:
    """What a host costs that never boots: its disk and part of the GPU's time until it is given up, and
    part of the image's bytes."""
    risks = assumptions.risks
    hours = by_market("dud_s", offers, assumptions, prior=risks.dud_s).mean / SECONDS_PER_HOUR
    pulling = rates.billed("download", "gpu")
    gpu_share = np.maximum(pulling, risks.dud_gpu_share.expected)
    travelled = sum(bytes_in_gb(p, rates) for p in phases if p.name == "download")
    traffic = priced(risks.dud_bytes_share.expected * np.asarray(travelled), rates.traffic_in)
    return hours * (gpu_share * rates.gpu + rates.disk) + traffic
