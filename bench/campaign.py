"""`make campaign`: what a finished run costs by each way of choosing, and how well it was predicted.

Every way rents on the same embedded market from the same begin, under the same rules: offers that fit the
workload, the same patience, and no machine that failed within the last day. Only the choice differs. What
a run cost is the market's own meter; how long the work takes on a GPU, which hosts never boot and when a
bid is lost are the market's hidden truths. Hunter reads none of them; it learns from its own launches.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from math import ceil, exp, floor

import numpy as np
from msgspec import structs

from bench.trial import Attempt, Trial
from hunter.cost.bill import bills
from hunter.cost.deal import Deal
from hunter.cost.deals import price_one
from hunter.cost.fallback import after_failures, fallback
from hunter.cost.filters import Query, all_in_usd_h, fitting
from hunter.estimate.assumptions import Assumptions, Held, learn_all
from hunter.estimate.beliefs import Observation
from hunter.estimate.measure import Went, measured, outcome
from hunter.estimate.risk import record
from hunter.facts.shipped import shipped
from hunter.facts.workload_file import load
from hunter.sandbox.chance import normal
from hunter.sandbox.facts import sandbox_facts
from hunter.values.billing import MarketRules
from hunter.values.columns import Offers
from hunter.values.errors import HunterError
from hunter.values.offers import Offer
from hunter.values.workload import Workload

WAYS = {
    "expected": "Hunter: the lowest expected run_usd",
    "sticker": "the cheapest sticker price",
    "dlperf": "the vendor's score: most DLPerf for a dollar",
    "sky": "SkyPilot's rule: the cheapest $/h with disk that fits, verified hosts only",
}
WORKLOADS = ("comfyui-flux", "llm-server", "qlora-finetune")
PATIENCE_S, PATIENCE = 900.0, 3.0
"""Given up after so many seconds, or so many times the predicted start, as `hunter launch --wait` does."""
SHUNNED_S = 86400.0
BETWEEN_S = 3 * 3600.0
TEACHING = 50
MOST_TRIES = 40
FACTS = shipped()
PHYSICS, RISKS = FACTS.coldstart, FACTS.risks
RULES: dict[str, MarketRules] = {n: facts.read("cheaper") for n, facts in FACTS.markets.items()}
"""The embedded market does not bill the GPU while it pulls."""
GPUS = FACTS.gpus
HIDDEN = sandbox_facts()["hidden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """One run, from the first create to the last destroy."""

    usd: float
    hours: float
    """From the first create until it was done."""
    launches: int
    predicted_usd: float
    low_usd: float
    high_usd: float
    launches_before: int
    """Of the campaign, when it was predicted."""


# ── the truth about the work ─────────────────────────────────────────────────────────────────────
def true_hours(offer: Offer, job: Workload, seed: int) -> float:
    """How long the whole job takes on an offer, hours: the embedded world's secret.

    Most of its time goes by what the job says bounds it, the rest by the other figure; each model and each
    machine differs a little from its figures.
    """
    if job.run.reference_gpu is None:
        return job.run.hours
    here, there = GPUS.get(offer.gpu), GPUS[job.run.reference_gpu]
    share = HIDDEN["work_share"]
    parts = {"fp16_tflops": 1 - share, "mem_bw_gb_s": share}
    if job.run.bound == "compute":
        parts = {"fp16_tflops": share, "mem_bw_gb_s": 1 - share}
    factor = 1.0
    if here is not None and here.fp16_tflops and here.mem_bw_gb_s:
        factor = sum(
            part * getattr(there, figure) / getattr(here, figure) for figure, part in parts.items()
        )
    of_model = float(normal(seed, sum(map(ord, job.name + offer.gpu)), 71)[0])
    of_machine = float(normal(seed, int(offer.machine_id or 0), 73)[0])
    model = 0.0 if offer.gpu == job.run.reference_gpu else HIDDEN["work_model_sigma"] * of_model
    return job.run.hours * factor * exp(model + HIDDEN["work_machine_sigma"] * of_machine)


# ── one renter ───────────────────────────────────────────────────────────────────────────────────
@dataclass
class Renter:
    """Somebody who needs the same job done again and again, and chooses in one way."""

    way: str
    job: Workload
    seed: int
    offers: int = 2000
    trial: Trial = field(init=False)
    seen: list[Observation] = field(default_factory=list)
    held: dict[str, float] = field(default_factory=dict)
    failed: dict[str, float] = field(default_factory=dict)
    launches: int = 0

    def __post_init__(self) -> None:
        self.trial = Trial(offers=self.offers, seed=self.seed, poll_s=900.0)

    def assumptions(self) -> Assumptions:
        """What Hunter believes now."""
        now = self.trial.now
        lately = [
            m
            for m, at in self.held.items()
            if now - at < PHYSICS.held.ours_within_days.expected * 86400
        ]
        return Assumptions(
            rules=RULES,
            coldstart_facts=PHYSICS,
            learned=learn_all(self.seen, PHYSICS.spread, now),
            held=tuple(
                Held(market="vast", machine_id=m, image=self.job.image) for m in sorted(lately)
            ),
            gpus=GPUS,
            risks=RISKS,
            record=record(self.seen, RISKS.half_life_days.expected, now),
        )

    def choose(self, assumptions: Assumptions, job: Workload, skip: set[str]) -> Deal:
        """The offer that this way takes now, with Hunter's bill of it."""
        offers = self.trial.offers(job.disk_gb)
        passing = np.ones(len(offers), dtype=np.bool_)
        for rule in fitting(offers, job, Query(), assumptions, self.trial.now):
            passing &= rule.passes
        shunned = {m for m, at in self.failed.items() if self.trial.now - at < SHUNNED_S}
        passing &= ~offers.machine_id.is_in(shunned) & ~offers.offer_id.is_in(skip)
        if self.way == "sky":
            passing &= offers.verified == 1
        fit = offers.take(np.flatnonzero(passing))
        plain = bills(fit, job, assumptions)
        chain = fallback(fit, plain)
        if self.way == "expected":
            key = after_failures(fit, plain, chain).run_usd
        elif self.way == "dlperf":
            key = -np.nan_to_num(fit.dlperf) / all_in_usd_h(fit, job, assumptions)
        elif self.way == "sky":
            key = all_in_usd_h(fit, job, assumptions)
        else:
            key = fit.price_usd_h
        best = fit[int(np.argmin(key))]
        return price_one(best, job, assumptions, self.trial.now, chain)

    def run(self) -> Finished:
        """One run of the job, with as many launches as it takes."""
        begin, usd, before = self.trial.now, 0.0, self.launches
        promise: Deal | None = None
        left, tries, skip = 1.0, 0, set[str]()
        while left > 1e-9 and tries < MOST_TRIES:
            assumptions = self.assumptions()
            run = structs.replace(self.job.run, hours=self.job.run.hours * left)
            job = structs.replace(self.job, run=run)
            deal = self.choose(assumptions, job, skip)
            promise = promise or deal
            try:
                tried, done = self._try(deal, left, assumptions)
            except HunterError:
                skip.add(deal.offer.offer_id)  # somebody was faster
                self.trial.wait(5.0)
                continue
            tries += 1
            usd += tried.usd
            left -= done
        assert promise is not None
        return Finished(
            usd=usd,
            hours=(self.trial.now - begin) / 3600,
            launches=tries,
            predicted_usd=promise.run_usd or np.nan,
            low_usd=promise.run_low_usd or np.nan,
            high_usd=promise.run_high_usd or np.nan,
            launches_before=before,
        )

    def _try(self, deal: Deal, left: float, assumptions: Assumptions) -> tuple[Attempt, float]:
        """One launch: what it cost, and which share of the job it did."""
        offer, job = deal.offer, self.job
        whole_h = true_hours(offer, job, self.seed)
        bid = offer.price_usd_h if offer.tenancy == "interruptible" else None
        patience = max(PATIENCE_S, PATIENCE * (deal.cold_start_s or 0.0))
        tried = self.trial.attempt(
            offer, job, hours=left * whole_h, give_up_s=patience, bid_usd_h=bid
        )
        self.launches += 1
        lost = tried.lost_at_s is not None
        worked_h = 0.0 if tried.ready_s is None else (tried.ended_s - tried.ready_s) / 3600
        done = left if not lost and tried.ready_s is not None else _saved(worked_h, job) / whole_h
        if offer.machine_id:
            if tried.ready_s is None or lost:
                self.failed[offer.machine_id] = self.trial.now
            if "starting" in tried.launch.states:
                self.held[offer.machine_id] = self.trial.now
        one = Offers.of([offer])
        if left < 1.0:  # part of a job says nothing of how long the whole takes
            told = tuple(mark for mark in tried.launch.told if mark.phase != "done")
            tried = replace(tried, launch=structs.replace(tried.launch, told=told))
        self.seen += measured(tried.launch, one, job, assumptions)
        went = Went(
            lease_id=tried.launch.lease_id,
            at=tried.launch.at,
            booted=tried.ready_s is not None,
            waited_s=tried.ended_s,
            ran_h=worked_h,
            cut=lost and tried.ready_s is not None,
        )
        self.seen += outcome(went, one, RULES)
        return tried, min(done, left)


def _saved(worked_h: float, job: Workload) -> float:
    """Hours of work that a checkpoint kept."""
    every = job.run.checkpoint_every_h
    return 0.0 if every is None else floor(worked_h / every) * every


# ── the campaign ─────────────────────────────────────────────────────────────────────────────────
def season(way: str, workload: str, seed: int, runs: int, offers: int = 2000) -> list[Finished]:
    """So many runs of one workload in one way, one after another on one market."""
    renter = Renter(way=way, job=load(workload), seed=seed, offers=offers)
    found = []
    for _ in range(runs):
        found.append(renter.run())
        renter.trial.wait(BETWEEN_S)
    return found


def _season(task: tuple[str, str, int, int]) -> list[Finished]:
    return season(*task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one way did on one workload."""

    runs: int
    usd: float
    """Mean a finished run."""
    usd_p90: float
    hours: float
    hours_p90: float
    launches: float
    """A run."""
    error: float
    """Of the summed predictions against the summed bills, once taught."""
    error_each: float
    """Mean absolute error of single predictions, as a share of the mean bill."""
    within: float
    """Share of runs inside the stated range."""


def score(runs: list[Finished]) -> Score:
    """The figures of many runs; predictions count once 50 launches have taught."""
    usd, hours = (np.array([getattr(r, name) for r in runs]) for name in ("usd", "hours"))
    taught = [r for r in runs if r.launches_before >= TEACHING] or runs
    billed, predicted = (
        np.array([getattr(r, name) for r in taught]) for name in ("usd", "predicted_usd")
    )
    return Score(
        runs=len(runs),
        usd=float(usd.mean()),
        usd_p90=float(np.percentile(usd, 90)),
        hours=float(hours.mean()),
        hours_p90=float(np.percentile(hours, 90)),
        launches=float(np.mean([r.launches for r in runs])),
        error=float(predicted.sum() / billed.sum() - 1),
        error_each=float(np.abs(predicted - billed).mean() / billed.mean()),
        within=float(np.mean([r.low_usd <= r.usd <= r.high_usd for r in taught])),
    )


def main() -> None:
    """Print the table of all ways on all workloads."""
    parser = argparse.ArgumentParser(prog="make campaign")
    parser.add_argument("--runs", type=int, default=500, help="a way and workload")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--ways", nargs="*", default=list(WAYS))
    parser.add_argument("--workloads", nargs="*", default=list(WORKLOADS))
    asked = parser.parse_args()
    each = ceil(asked.runs / asked.seeds)
    tasks = [
        (way, workload, seed, each)
        for workload in asked.workloads
        for way in asked.ways
        for seed in range(1, asked.seeds + 1)
    ]
    print(f"{each * asked.seeds} runs a way and workload, {asked.seeds} markets of 2000 offers\n")
    print("| workload | way | $ a run | p90 $ | against Hunter | h a run | p90 h | launches | predicted "
          "÷ billed | each run off by | in range |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor() as pool:
        results = dict(zip(tasks, pool.map(_season, tasks), strict=True))
    for workload in asked.workloads:
        best: float | None = None
        for way in asked.ways:
            runs = [
                r for task, found in results.items() if task[:2] == (way, workload) for r in found
            ]
            s = score(runs)
            best = s.usd if best is None else best
            print(f"| {workload} | {way} | {s.usd:.4f} | {s.usd_p90:.4f} | {s.usd / best:.2f}x | "
                  f"{s.hours:.2f} | {s.hours_p90:.2f} | {s.launches:.2f} | {1 + s.error:.3f} | "
                  f"{s.error_each:.0%} | {s.within:.0%} |")  # fmt: skip
            sys.stdout.flush()


if __name__ == "__main__":
    main()
