"""Speeds and durations as they are believed on each offer: prior, evidence, and what follows from both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from msgspec.structs import replace

from hunter.estimate.beliefs import Belief, believe
from hunter.values.figures import Z90
from hunter.values.units import mb_s_from_mbps

if TYPE_CHECKING:
    from hunter.estimate.assumptions import Assumptions
    from hunter.values.coldstart_facts import App, ColdStartFacts
    from hunter.values.columns import Offers
    from hunter.values.figures import Prior
    from hunter.values.workload import Workload


def app_of(facts: ColdStartFacts, image: str, named: str | None = None) -> App:
    """The class of programs that an image belongs to: the named one, else by the image's name."""
    if named in facts.app:
        return facts.app[named]
    low = image.lower()
    return next(app for app in facts.app.values() if any(word in low for word in app.images))


def believed(
    quantity: str,
    offers: Offers,
    assumptions: Assumptions,
    prior: Prior,
    scope: str,
) -> Belief:
    """One quantity on offers that share a scope: their market, or the image."""
    return believe(
        np.full(len(offers), prior.expected),
        prior,
        assumptions.coldstart_facts.spread[quantity],
        assumptions.learned.get((quantity, scope)),
        offers.host_id,
        offers.machine_id,
    )


def by_market(
    quantity: str,
    offers: Offers,
    assumptions: Assumptions,
    prior: Prior | None = None,
) -> Belief:
    """One quantity on offers of several markets, each by its own prior and evidence."""
    n, spread = len(offers), assumptions.coldstart_facts.spread[quantity]
    found = Belief(median=np.full(n, np.nan), log_sd=np.full(n, np.nan))
    for market, rule in assumptions.rules.items():
        rows = np.flatnonzero(offers.market.is_in([market]))
        if not len(rows):
            continue
        usual = prior or getattr(rule.priors, quantity)
        one = believe(
            np.full(len(rows), usual.expected),
            usual,
            spread,
            assumptions.learned.get((quantity, market)),
            offers.host_id.take(rows),
            offers.machine_id.take(rows),
        )
        found.median[rows], found.log_sd[rows] = one.median, one.log_sd
    return found


def link_mb_s(offers: Offers, assumptions: Assumptions) -> Belief:
    """The link that is believed to arrive: a share of the advertised one, or the market's usual, MB/s."""
    stated = offers.inet_down_mbps
    usual = by_market("link_mbps", offers, assumptions)
    share = by_market("link_share", offers, assumptions)
    known = ~np.isnan(stated)
    median = np.where(known, stated * share.median, usual.median)
    return Belief(median=mb_s_from_mbps(median), log_sd=np.where(known, share.log_sd, usual.log_sd))


def unpack_mb_s(offers: Offers, assumptions: Assumptions) -> Belief:
    """What one thread of each host unpacks, MB/s."""
    return by_market(
        "unpack_mb_s", offers, assumptions, prior=assumptions.coldstart_facts.pull.unpack_mb_s
    )


def client_mb_s(offers: Offers, workload: Workload, assumptions: Assumptions) -> float | None:
    """What the weights' downloader is believed to take on the first offer, MB/s; None without weights."""
    if not workload.payload.fetches:
        return None
    largest = max(workload.payload.fetches, key=lambda fetch: fetch.n_bytes or 0.0)
    return float(client(largest.kind, offers, workload, assumptions).median[0])


def client(kind: str, offers: Offers, workload: Workload, assumptions: Assumptions) -> Belief:
    """What the downloader of weights of one kind takes at most, MB/s."""
    prior = assumptions.coldstart_facts.client.of(kind)
    return believed("client_mb_s", offers, assumptions, prior, workload.image)


def run_share(offers: Offers, workload: Workload, assumptions: Assumptions) -> Belief:
    """The hours of a run by those that the workload and the GPU's figures promise.

    Hours that are not scaled to a GPU are a decision, and last as long as they say. What our own finished
    runs took is learnt by image and GPU model.
    """
    run, n = workload.run, len(offers)
    if run.reference_gpu is None:
        return Belief(median=np.ones(n), log_sd=np.zeros(n))
    coldstart_facts = assumptions.coldstart_facts
    learned = assumptions.learned.get(("run_share", workload.image))
    belief = believe(
        np.ones(n),
        coldstart_facts.run_share.scaled,
        coldstart_facts.spread["run_share"],
        learned,
        offers.gpu,
        offers.machine_id,
    )
    if learned is not None and learned.n:
        return belief
    measured = offers.gpu.is_in([run.reference_gpu, *run.speed])
    return replace(
        belief, log_sd=np.where(measured, coldstart_facts.run_share.reference.log_sd, belief.log_sd)
    )


# ── why ──────────────────────────────────────────────────────────────────────────────────────────
class BeliefLine(msgspec.Struct, frozen=True, kw_only=True):
    """What is believed of one quantity on one offer, and what from. None is unknown."""

    quantity: str
    prior: float
    median: float
    low: float
    high: float
    n: int
    """Launches that measured it, on this market or of this image."""
    n_machine: int
    """Of them on this very machine."""
    source: str
    """Of the prior."""


def beliefs_of(
    offers: Offers, workload: Workload, assumptions: Assumptions
) -> tuple[BeliefLine, ...]:  # fmt: skip
    """Everything that the cold start of one offer rests on: prior, evidence, and what follows.

    Args:
        offers: of one row.
        workload: what is started there.
        assumptions: rules, priors and what our launches taught.
    """
    coldstart_facts, market, image = (
        assumptions.coldstart_facts,
        offers.market[0] or "",
        workload.image,
    )
    app, priors = (
        app_of(coldstart_facts, image, workload.start.app),
        assumptions.rules[market].priors,
    )
    link = "link_mbps" if np.isnan(offers.inet_down_mbps[0]) else "link_share"
    stated = 1.0 if link == "link_mbps" else float(offers.inet_down_mbps[0])
    found: list[tuple[str, Prior, str, float]] = [
        ("allocate_s", priors.allocate_s, market, 1.0),
        (link, getattr(priors, link), market, stated),
        ("unpack_mb_s", coldstart_facts.pull.unpack_mb_s, market, 1.0),
        ("start_s", priors.start_s, market, 1.0),
        ("boot_s", app.boot_s, image, 1.0),
        *(
            ("client_mb_s", coldstart_facts.client.of(kind), image, 1.0)
            for kind in sorted({fetch.kind for fetch in workload.payload.fetches})
        ),
        ("load_gb_s", coldstart_facts.load.from_memory_gb_s, image, 1.0),
        ("warmup_s", app.warmup_s, image, 1.0),
    ]
    lines = []
    for quantity, prior, scope, unit in found:
        belief = believed(quantity, offers, assumptions, prior, scope)
        learned = assumptions.learned.get((quantity, scope))
        machine = offers.machine_id[0] or ""
        name = "link_mbps" if quantity == "link_share" else quantity
        lines.append(
            BeliefLine(
                quantity=name,
                prior=prior.expected * unit,
                median=float(belief.median[0]) * unit,
                low=float(belief.at(-Z90)[0]) * unit,
                high=float(belief.at(Z90)[0]) * unit,
                n=learned.n if learned else 0,
                n_machine=learned.count(machine) if learned else 0,
                source=prior.source,
            )
        )
    return tuple(lines)
