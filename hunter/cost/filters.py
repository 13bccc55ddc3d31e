"""Which offers fit: every rule that a workload and a question ask for, and what would have to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hunter.cost.choices import FLAGS
from hunter.estimate.gpu_speed import relative_speeds, run_hours
from hunter.values.billing import disk_usd_h
from hunter.values.columns import Text
from hunter.values.offers import Tenancy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hunter.estimate.assumptions import Assumptions
    from hunter.values.columns import Offers
    from hunter.values.units import Floats
    from hunter.values.workload import Workload


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What the user wants to see of a workload's deals, beyond what the workload needs."""

    gpus: tuple[str, ...] = ()
    """Our names, any of which will do; empty for all that the workload allows."""
    market: str | None = None
    tenancy: Tenancy | None = None
    region: str | None = None
    """A continent code, a country code or a part of the place's name."""
    max_age_s: float | None = None
    avoid: tuple[str, ...] = ()
    """Flags that an offer must not carry."""
    sort: str = "run_usd"


class Rule(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One reason for which an offer can be out, and which offers pass it."""

    name: str
    need: str
    """What it asks for, for people."""
    passes: NDArray[np.bool_]
    key: str
    """What to change so that more offers pass: a key of the workload file, or an option."""
    stated: Text | Floats | None = None
    """What the offers state of it."""

    def missed(self, row: int) -> Missed:
        """How one offer breaks this rule."""
        stated = None if self.stated is None else self.stated[row]
        if isinstance(stated, float):
            stated = None if np.isnan(stated) else f"{stated:.6g}"
        return Missed(rule=self.name, need=self.need, has=stated, change=self.key)


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that an offer breaks."""

    rule: str
    need: str
    has: str | None
    """What the offer states instead; None where it states nothing."""
    change: str
    """What would let it in."""

    def __str__(self) -> str:
        has = "" if self.has is None else f", and it has {self.has}"
        return f"{self.rule}: it asks for {self.need}{has}; {self.change} decides"


def fitting(
    offers: Offers, workload: Workload, query: Query, assumptions: Assumptions, now: float
) -> tuple[Rule, ...]:
    """Every rule that an offer has to pass. What an offer does not state does not exclude it.

    Args:
        offers: n offers.
        workload: what they are wanted for.
        query: what else the user asks of them.
        assumptions: for the month of each market's storage, and the GPUs' speeds.
        now: unix seconds.
    """
    return (
        *_hardware(offers, workload, query, assumptions),
        *_terms(offers, workload, query, assumptions, now),
    )


def _hardware(
    offers: Offers, workload: Workload, query: Query, assumptions: Assumptions
) -> list[Rule]:  # fmt: skip
    gpu, rules = workload.gpu, list[Rule]()

    def rule(
        name: str, need: str, passes: NDArray[np.bool_], stated: Text | Floats, key: str
    ) -> None:
        rules.append(Rule(name=name, need=need, passes=passes, stated=stated, key=key))

    if query.market:
        rule("market", query.market, offers.market.is_in([query.market]), offers.market, "--market")
    if query.gpus:
        rule("gpu", " or ".join(query.gpus), offers.gpu.is_in(query.gpus), offers.gpu, "--gpu")
    elif gpu.models:
        named = offers.gpu.is_in(gpu.models)
        rule("gpu", " or ".join(gpu.models), named, offers.gpu, "[gpu] models")
    rule("gpu count", f"{gpu.count}", offers.gpu_count == gpu.count, offers.gpu_count,
         "[gpu] count")  # fmt: skip
    if gpu.vram_gb:
        rule("memory", f"≥ {gpu.vram_gb:g} GB a GPU", offers.vram_gb >= gpu.vram_gb,
             offers.vram_gb, "[gpu] vram_gb")  # fmt: skip
    rule("disk", f"≥ {workload.disk_gb:g} GB", ~(offers.disk_gb < workload.disk_gb),
         offers.disk_gb, "disk_gb")  # fmt: skip
    if gpu.cuda is not None:
        rule("CUDA", f"≥ {gpu.cuda:g}", ~(offers.cuda < gpu.cuda), offers.cuda,
             "[gpu] cuda, or an image for an older driver,")  # fmt: skip
    if query.avoid:
        raised = flags(offers, workload, assumptions)
        for name in query.avoid:
            none = Text(np.zeros(len(offers), dtype=np.int32), (FLAGS[name],))
            rule(name, f"no {name}", ~raised[name], none, "--avoid")
    return rules


def _terms(
    offers: Offers, workload: Workload, query: Query, assumptions: Assumptions, now: float
) -> list[Rule]:
    run, limits, rules = workload.run, workload.limits, list[Rule]()

    def rule(
        name: str, need: str, passes: NDArray[np.bool_], stated: Text | Floats, key: str
    ) -> None:
        rules.append(Rule(name=name, need=need, passes=passes, stated=stated, key=key))

    if query.tenancy is not None:
        rule("tenancy", query.tenancy, offers.tenancy.is_in([query.tenancy]), offers.tenancy,
             "--spot or --on-demand")  # fmt: skip
    elif not run.interruptible:
        rule("tenancy", "on-demand: the workload is not interruptible",
             offers.tenancy.is_in([Tenancy.ON_DEMAND]), offers.tenancy,
             "[run] interruptible")  # fmt: skip
    run_h = run_hours(run.hours, relative_speeds(offers.gpu, run, assumptions.gpus))
    rule("time left", f"≥ {run.hours:g} h", ~(offers.max_rental_h < run_h), offers.max_rental_h,
         "[run] hours")  # fmt: skip
    if query.region:
        rule("region", query.region, _in_region(offers, query.region), offers.location, "--region")
    if limits.max_usd_h is not None:
        all_in = all_in_usd_h(offers, workload, assumptions)
        rule("price cap", f"≤ {limits.max_usd_h:g} $/h with disk", ~(all_in > limits.max_usd_h),
             all_in, "[limits] max_usd_h")  # fmt: skip
    if query.max_age_s is not None:
        age_s = now - offers.seen_at
        rule("age", f"seen within {query.max_age_s:g} s", age_s <= query.max_age_s, age_s,
             "--max-age")  # fmt: skip
    return rules


def all_in_usd_h(offers: Offers, workload: Workload, assumptions: Assumptions) -> Floats:
    """GPU and the workload's disk, each hour that an instance of each offer runs."""
    return offers.price_usd_h + disk_usd_h(
        offers.storage_usd_gb_month, workload.disk_gb, offers.market, assumptions.rules
    )


def _in_region(offers: Offers, region: str) -> NDArray[np.bool_]:
    wanted = region.casefold()
    named = [value for value in offers.location.values if value and wanted in value.casefold()]
    if len(wanted) == 2:
        code = wanted.upper()
        return offers.region.is_in([code]) | offers.country.is_in([code])
    return offers.location.is_in(named)


# ── what to look at twice ────────────────────────────────────────────────────────────────────────
def flags(
    offers: Offers, workload: Workload, assumptions: Assumptions
) -> dict[str, NDArray[np.bool_]]:
    """Which offers carry each flag. What an offer does not state raises no flag, but for its CUDA version.

    Args:
        offers: n offers.
        workload: may need a CUDA version, and may be scaled to a GPU.
        assumptions: the GPUs' memory and speeds, and where a link counts as narrow.
    """
    limits = assumptions.risks
    whole = {name: gpu.vram_gb for name, gpu in assumptions.gpus.items() if gpu.vram_gb is not None}
    mig = [value for value in offers.market_gpu.values if value and "MIG" in value.upper()]
    part = offers.vram_gb < limits.slice_below.expected * offers.gpu.lookup(whole)
    needs_cuda = workload.gpu.cuda is not None
    return {
        "slice": part | offers.market_gpu.is_in(mig),
        "pcie-x1": offers.pcie_gb_s < limits.narrow_pcie_gb_s.expected,
        "unverified": offers.verified == 0,
        "old-driver": np.isnan(offers.cuda) & needs_cuda,
        "shunned": _shunned(offers, assumptions),
        "unscaled": np.isnan(relative_speeds(offers.gpu, workload.run, assumptions.gpus)),
    }


def _shunned(offers: Offers, assumptions: Assumptions) -> NDArray[np.bool_]:
    """Offers of machines that are left alone for a while."""
    found = np.zeros(len(offers), dtype=np.bool_)
    for market, machines in assumptions.shunned.items():
        found |= offers.market.is_in([market]) & offers.machine_id.is_in(machines)
    return found
