"""How fast predictions get better than advertisements: `python -m bench.learning`, two minutes.

Hosts of the embedded market follow hidden speeds of their own. Each hunt launches again and again, learns,
and predicts the next launch before it happens; the first twenty only teach.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from msgspec import structs

from bench.trial import Trial
from hunter.cost.bill import bills
from hunter.cost.deals import rank
from hunter.cost.filters import Query
from hunter.estimate.assumptions import Assumptions, Held, learn_all
from hunter.estimate.beliefs import Observation
from hunter.estimate.measure import measured
from hunter.facts.shipped import shipped
from hunter.facts.workload_file import load
from hunter.values.columns import Offers
from hunter.values.figures import Prior

TEACHING = 20
EXACT = Prior(low=1.0, expected=1.0, high=1.0, source="taken at its word")
PHYSICS = shipped().coldstart
RULES = shipped().markets
ADVERTISED = Assumptions(
    rules={
        name: structs.replace(rule, priors=structs.replace(rule.priors, link_share=EXACT))
        for name, rule in RULES.items()
    },
    coldstart_facts=structs.replace(PHYSICS, pull=structs.replace(PHYSICS.pull, write_share=EXACT)),
)
"""Links and disks taken at their word, everything else alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """By how many seconds each prediction of one launch missed."""

    learnt: float
    advertised: float
    naive: float
    """Bytes ÷ advertised bandwidth."""
    within: bool
    """Whether the launch fell into the stated range."""


def hunt(seed: int, workload: str, launches: int, *, offers: int, among: int = 1) -> list[Missed]:
    """Launches after the teaching ones, each on one of the best few deals, drawn by lot."""
    job = load(workload)
    job = structs.replace(job, run=structs.replace(job.run, interruptible=False))
    trial, held, chance = Trial(offers=offers, seed=seed), set[str](), np.random.default_rng(seed)
    seen, found = list[Observation](), list[Missed]()
    while len(found) < TEACHING + launches:
        assumptions = Assumptions(
            rules=RULES,
            coldstart_facts=PHYSICS,
            learned=learn_all(seen, PHYSICS.spread, trial.now),
            held=tuple(Held(market="vast", machine_id=m, image=job.image) for m in sorted(held)),
        )
        deals = rank(trial.offers(job.disk_gb), job, Query(), assumptions, trial.now, top=among)
        deal = deals[int(chance.integers(len(deals)))]
        one = Offers.of([deal.offer])
        promised = float(bills(one, job, ADVERTISED).cold_start_s[0])
        attempt = trial.attempt(deal.offer, job, hours=0.1, give_up_s=3 * 3600.0)
        trial.wait(6 * 3600.0)
        seen += measured(attempt.launch, one, job, assumptions)
        if "starting" in attempt.launch.states and deal.offer.machine_id:
            held.add(deal.offer.machine_id)
        took = attempt.ready_s
        low, expected, high = deal.cold_start_low_s, deal.cold_start_s, deal.cold_start_high_s
        if took is None or low is None or expected is None or high is None:
            continue
        bits = ((job.payload.image_bytes or 0.0) + (job.payload.weights_bytes or 0.0)) * 8
        naive = bits / 1e6 / (deal.offer.inet_down_mbps or np.nan)
        found.append(
            Missed(
                learnt=abs(expected - took),
                advertised=abs(promised - took),
                naive=abs(naive - took),
                within=low <= took <= high,
            )
        )
    return found[TEACHING:]


def main() -> None:
    """Twelve hunts with the best deal, and twelve with one of the five best."""
    for among in (1, 5):
        rows = [
            row
            for seed in range(1, 5)
            for workload in ("comfyui-flux", "llm-server", "qlora-finetune")
            for row in hunt(seed, workload, 20, offers=2000, among=among)
        ]
        learnt, advertised, naive, within = (
            float(np.mean([getattr(row, name) for row in rows]))
            for name in ("learnt", "advertised", "naive", "within")
        )
        sys.stdout.write(
            f"one of the best {among}: {len(rows)} launches, missed by {learnt:.0f} s; "
            f"{learnt / advertised:.0%} of advertised speeds ({advertised:.0f} s), "
            f"{learnt / naive:.0%} of bytes / bandwidth ({naive:.0f} s); {within:.0%} within the range\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
