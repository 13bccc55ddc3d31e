"""Twenty launches on a market teach more than its advertisements: hosts keep their own hidden speeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.trial import Trial
from hunter.beliefs import Observation
from hunter.bills import bills
from hunter.deals import Query, rank
from hunter.facts import shipped
from hunter.grounds import Grounds, Held, learn_all
from hunter.measure import measured
from hunter.offers import Offers
from hunter.physics import physics_from
from hunter.workload_file import load
from tests.builders import exactly

PHYSICS = physics_from(shipped().coldstart)
RULES = shipped().rules
ADVERTISED = Grounds(
    rules={
        name: replace(rule, priors={**rule.priors, "link_share": exactly(1.0)})
        for name, rule in RULES.items()
    },
    physics=replace(PHYSICS, write_share=exactly(1.0)),
)
"""Links and disks taken at their word, everything else alike."""


def errors_after_learning(seed: int, launches: int) -> tuple[list[float], list[float]]:
    """Seconds by which both predictions missed, in the launches after the first twenty."""
    job = load("comfyui-flux")
    job = replace(job, run=replace(job.run, interruptible=False))
    trial, held = Trial(offers=600, seed=seed), set[str]()
    seen = list[Observation]()
    ours, theirs = list[float](), list[float]()
    while len(ours) < launches:
        grounds = Grounds(
            rules=RULES,
            physics=PHYSICS,
            learned=learn_all(seen, PHYSICS.spreads, trial.now),
            held=tuple(Held(market="vast", machine_id=m, image=job.image) for m in sorted(held)),
        )
        deal = rank(trial.offers(job.disk_gb), job, Query(), grounds, trial.now, top=1)[0]
        one = Offers.of([deal.offer])
        promised = float(bills(one, job, ADVERTISED).cold_start_s[0])
        attempt = trial.attempt(deal.offer, job, hours=0.1, give_up_s=3600.0)
        trial.wait(6 * 3600.0)
        seen += measured(attempt.launch, one, job, grounds)
        if "starting" in attempt.launch.states and deal.offer.machine_id:
            held.add(deal.offer.machine_id)
        if attempt.ready_s is not None and deal.cold_start_s is not None:
            ours.append(abs(deal.cold_start_s - attempt.ready_s))
            theirs.append(abs(promised - attempt.ready_s))
    return ours[20:], theirs[20:]


def test_after_twenty_launches_predictions_are_twice_as_good_as_advertised_speeds() -> None:
    ours, theirs = list[float](), list[float]()
    for seed in (2, 3, 4):
        learnt, promised = errors_after_learning(seed, launches=35)
        ours += learnt
        theirs += promised
    assert np.mean(ours) < np.mean(theirs) / 2
