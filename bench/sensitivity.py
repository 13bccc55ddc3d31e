"""Which inputs move the ranking most, for the sample workloads: `python -m bench.sensitivity`.

Each input is made larger or smaller for all offers, everything else stays. Told is how many of the ten best
deals are others then, how far the best run's cost moves, and what it would cost to stay with the deal that
was best before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import structs

from bench.campaign import GPUS, PHYSICS, RISKS, RULES
from bench.trial import Trial
from hunter.cost.deals import Deals, rank
from hunter.cost.filters import Query
from hunter.estimate.assumptions import Assumptions
from hunter.facts.workload_file import load
from hunter.values.workload import varied

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.values.columns import Offers
    from hunter.values.figures import Prior
    from hunter.values.workload import Workload

WORKLOADS = ("comfyui-flux", "llm-server", "qlora-finetune")
BASE = Assumptions(rules=RULES, coldstart_facts=PHYSICS, gpus=GPUS, risks=RISKS)
Inputs = tuple["Offers", "Workload", Assumptions]


def scaled(prior: Prior, factor: float) -> Prior:
    return structs.replace(
        prior, low=prior.low * factor, expected=prior.expected * factor, high=prior.high * factor
    )


def columns(factor: float, *names: str) -> Callable[[Inputs], Inputs]:
    def change(inputs: Inputs) -> Inputs:
        offers, job, assumptions = inputs
        return (
            structs.replace(offers, **{n: getattr(offers, n) * factor for n in names}),
            job,
            assumptions,
        )

    return change


def job_of(**factors: Any) -> Callable[[Inputs], Inputs]:
    return lambda inputs: (inputs[0], varied(inputs[1], **factors), inputs[2])


def weights(factor: float) -> Callable[[Inputs], Inputs]:
    def change(inputs: Inputs) -> Inputs:
        offers, job, assumptions = inputs
        fetches = tuple(
            structs.replace(f, n_bytes=(f.n_bytes or 0) * factor) for f in job.payload.fetches
        )
        return (
            offers,
            structs.replace(job, payload=structs.replace(job.payload, fetches=fetches)),
            assumptions,
        )

    return change


def prior(name: str, factor: float) -> Callable[[Inputs], Inputs]:
    def change(inputs: Inputs) -> Inputs:
        offers, job, assumptions = inputs
        if name == "link":
            rules = {
                market: structs.replace(
                    rule,
                    priors=structs.replace(
                        rule.priors, link_share=scaled(rule.priors.link_share, factor)
                    ),
                )
                for market, rule in assumptions.rules.items()
            }
            return offers, job, structs.replace(assumptions, rules=rules)
        facts = assumptions.coldstart_facts
        pull = structs.replace(facts.pull, **{name: scaled(getattr(facts.pull, name), factor)})
        coldstart_facts = structs.replace(facts, pull=pull)
        return offers, job, structs.replace(assumptions, coldstart_facts=coldstart_facts)

    return change


def duds(factor: float) -> Callable[[Inputs], Inputs]:
    """So many times the duds of each tier."""

    def change(inputs: Inputs) -> Inputs:
        offers, job, assumptions = inputs
        rules = {
            market: structs.replace(rule, boot=tuple(
                structs.replace(t, chance=1 / (1 + factor * (1 - t.chance) / t.chance))
                for t in rule.boot
            ))
            for market, rule in assumptions.rules.items()
        }  # fmt: skip
        return offers, job, structs.replace(assumptions, rules=rules)

    return change


def cuts(factor: float) -> Callable[[Inputs], Inputs]:
    def change(inputs: Inputs) -> Inputs:
        offers, job, assumptions = inputs
        rules = {
            market: structs.replace(rule, interruption={
                tenancy: structs.replace(rate, per_h=scaled(rate.per_h, factor))
                for tenancy, rate in rule.interruption.items()
            })
            for market, rule in assumptions.rules.items()
        }  # fmt: skip
        return offers, job, structs.replace(assumptions, rules=rules)

    return change


def unscaled(inputs: Inputs) -> Inputs:
    offers, job, assumptions = inputs
    return (
        offers,
        structs.replace(job, run=structs.replace(job.run, reference_gpu=None)),
        assumptions,
    )


def dearer_reading(inputs: Inputs) -> Inputs:
    from hunter.facts.shipped import shipped

    return inputs[0], inputs[1], structs.replace(inputs[2], rules=shipped().markets)


INPUTS: dict[str, Callable[[Inputs], Inputs]] = {
    "GPU price × 1.1": columns(1.1, "price_usd_h"),
    "storage price × 2": columns(2, "storage_usd_gb_month", "storage_stopped_usd_gb_month"),
    "traffic price × 2": columns(2, "inet_down_usd_gb", "inet_up_usd_gb"),
    "traffic free": columns(0, "inet_down_usd_gb", "inet_up_usd_gb"),
    "hours × 2": job_of(hours=2),
    "hours ÷ 4": job_of(hours=0.25),
    "disk × 2": job_of(disk=2),
    "image × 2": job_of(image=2),
    "weights × 2": weights(2),
    "weights baked away": weights(0),
    "hours not scaled to the GPU": unscaled,
    "real link ÷ 2": prior("link", 0.5),
    "unpacking ÷ 2": prior("unpack_mb_s", 0.5),
    "duds × 2": duds(2),
    "no duds": duds(0),
    "interruptions × 2": cuts(2),
    "no interruptions": cuts(0),
    "loading billed (Vast, the dearer reading)": dearer_reading,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a change of one input does to a ranking."""

    replaced: int
    """Of the ten best."""
    best: float
    """The best run's cost, by what it was before."""
    regret: float
    """What staying with the former best costs beyond the new best, as a share."""


def names(deals: Deals, n: int) -> list[str]:
    return [deals.offers.ref(row) for row in range(min(n, len(deals)))]


def moved(inputs: Inputs, change: Callable[[Inputs], Inputs], now: float) -> Moved:
    before = rank(*inputs[:2], Query(), inputs[2], now)
    after = rank(*(changed := change(inputs))[:2], Query(), changed[2], now)
    row = after.offers.row_of(before.offers.ref(0))
    there = after.bills.run_usd
    stay = float(there[row]) if row is not None else float("nan")
    return Moved(
        replaced=len(set(names(after, 10)) - set(names(before, 10))),
        best=float(there[0] / before.bills.run_usd[0]),
        regret=stay / float(there[0]) - 1,
    )


def main() -> None:
    print("| input | " + " | ".join(f"{w}: new in 10 | best $ | stay" for w in WORKLOADS) + " |")
    print("|---|" + "---|---|---|" * len(WORKLOADS))
    found: dict[str, list[Moved]] = {name: [] for name in INPUTS}
    for name, change in INPUTS.items():
        for workload in WORKLOADS:
            job = load(workload)
            parts = []
            for seed in range(1, 6):
                trial = Trial(offers=2000, seed=seed)
                parts.append(moved((trial.offers(job.disk_gb), job, BASE), change, trial.now))
            found[name].append(
                Moved(
                    replaced=round(float(np.mean([p.replaced for p in parts]))),
                    best=float(np.mean([p.best for p in parts])),
                    regret=float(np.nanmean([p.regret for p in parts])),
                )
            )
    order = sorted(found, key=lambda name: -sum(m.replaced for m in found[name]))
    for name in order:
        cells = " | ".join(
            f"{m.replaced} | {m.best:.2f}x | +{max(m.regret, 0):.0%}" for m in found[name]
        )
        print(f"| {name} | {cells} |")


if __name__ == "__main__":
    main()
