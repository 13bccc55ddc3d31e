"""Ranking by size, beside a plain Python loop over the same formula and gpuhunt's filter: part of `make bench`.

Every offer here fits the workload. The best twenty are found as `hunter deals` finds them, and all are ranked as
the app ranks them; either is priced in full, on risks, ranges and what comes after a failure.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from bench.trial import Trial
from hunter.cost.bill import bills
from hunter.cost.deals import rank
from hunter.cost.filters import Query, fitting
from hunter.estimate.assumptions import Assumptions
from hunter.estimate.coldstart import layers_of
from hunter.estimate.pull import turns
from hunter.estimate.speeds import app_of
from hunter.facts.shipped import shipped
from hunter.facts.workload_file import load
from hunter.values.columns import Offers, concat

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.values.offers import Offer
    from hunter.values.workload import Workload

SIZES = (20_000, 100_000, 300_000, 1_000_000)
PLAIN = 2_000
GROUNDS = Assumptions(
    rules=shipped().markets,
    coldstart_facts=shipped().coldstart,
    risks=shipped().risks,
)


def median(what: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        what()
        taken.append(time.perf_counter() - begun)
    return sorted(taken)[len(taken) // 2]


def market(job: Workload, rows: int, now: float, offers: Offers) -> Offers:
    """So many offers that fit, both tenancies, repeated as often as needed."""
    passing = np.ones(len(offers), dtype=np.bool_)
    for rule in fitting(offers, job, Query(), GROUNDS, now):
        passing &= rule.passes
    fit = offers.take(np.flatnonzero(passing))
    return fit.take(np.arange(rows) % len(fit))


# ── the same formula, offer by offer ─────────────────────────────────────────────────────────────
def plain_run_usd(offer: Offer, job: Workload) -> float:
    """The expected run of one Vast offer by plain arithmetic: no numpy, no evidence, no chain."""
    rule, coldstart_facts, risks = GROUNDS.rules["vast"], GROUNDS.coldstart_facts, GROUNDS.risks
    app = app_of(coldstart_facts, job.image, job.start.app)

    def mean(prior: object) -> float:
        return float(prior.expected * math.exp(prior.log_sd**2 / 2))  # type: ignore[attr-defined]

    def slow(prior: object) -> float:
        return float(prior.expected * math.exp(-(prior.log_sd**2) / 2))  # type: ignore[attr-defined]

    if offer.inet_down_mbps is None:
        down = slow(rule.priors.link_mbps) / 8
    else:
        down = offer.inet_down_mbps * slow(rule.priors.link_share) / 8
    unpack = slow(coldstart_facts.pull.unpack_mb_s)
    write = coldstart_facts.pull.write_mb_s.expected
    if offer.disk_mb_s is not None:
        write = offer.disk_mb_s * coldstart_facts.pull.write_share.expected
    speed = min(unpack, write)
    there, now, ends = [0.0] * len(PACKED), 0.0, TURNS
    for layer, moved, active in zip(*ends, strict=True):
        now += moved / 1e6 / min(down / active, coldstart_facts.pull.connection_mb_s.expected)
        there[layer] = now
    done = 0.0
    for at, size in zip(there, UNPACKED, strict=True):
        done = max(at, done) + coldstart_facts.pull.layer_s.expected + size / 1e6 / speed
    seconds = {
        "allocate": mean(rule.priors.allocate_s), "download": now, "unpack": done - now,
        "start": mean(rule.priors.start_s),
    }  # fmt: skip
    running_s = mean(app.boot_s) + mean(app.warmup_s)
    disk_h = (offer.storage_usd_gb_month or 0.0) * job.disk_gb / rule.month_h
    gpu_h = offer.price_usd_h
    cold = running_s * (gpu_h + disk_h) / 3600
    for phase, lasts in seconds.items():
        cold += lasts * (rule.billed(phase, "gpu") * gpu_h + disk_h) / 3600
    traffic = (job.payload.image_bytes or 0.0) / 1e9 * (offer.inet_down_usd_gb or 0.0)
    cold += traffic
    chance = next(
        tier.chance
        for tier in rule.boot
        if (tier.datacenter is None or offer.datacenter == tier.datacenter)
        and (tier.reliability is None or (offer.reliability or 0.0) >= tier.reliability)
    )
    dud_h = mean(risks.dud_s) / 3600
    dud = dud_h * (gpu_h + disk_h) + risks.dud_bytes_share.expected * traffic
    start = cold + (1 - chance) / chance * dud
    rate = rule.interruption[offer.tenancy].per_h.expected
    worked = math.expm1(rate * job.run.hours) / rate
    sent = job.run.egress_gb * (offer.inet_up_usd_gb or 0.0)
    return start * (1 + rate * worked) + worked * (gpu_h + disk_h) + sent


_LAYERS = layers_of(load("one-hour").payload, GROUNDS.coldstart_facts)
assert _LAYERS is not None
PACKED, UNPACKED = _LAYERS.compressed_bytes.tolist(), _LAYERS.unpacked_bytes.tolist()
TURNS = turns(PACKED, GROUNDS.coldstart_facts.engine.slots)


def gpuhunt_filter_s(offers: list[Offer]) -> float:
    """Seconds that gpuhunt's own filter takes over as many of its items."""
    from gpuhunt._internal.constraints import matches
    from gpuhunt._internal.models import AcceleratorVendor, CatalogItem, QueryFilter

    items = [
        CatalogItem(
            provider="vastai", instance_name=o.offer_id, location=o.location or "", price=o.price_usd_h,
            cpu=8, memory=32.0, gpu_count=o.gpu_count, gpu_name=o.gpu, gpu_memory=o.vram_gb,
            spot=o.tenancy == "interruptible", disk_size=100.0, gpu_vendor=AcceleratorVendor.NVIDIA,
        )
        for o in offers
    ]  # fmt: skip
    query = QueryFilter(provider=["vastai"], min_gpu_count=1, max_gpu_count=1, max_price=4.0)
    return median(lambda: sorted((i for i in items if matches(i, query)), key=lambda i: i.price), 5)


def lines() -> list[tuple[str, str, str]]:
    """The figures, for `make bench`."""
    job = load("one-hour")
    job = replace(job, limits=replace(job.limits, max_usd_h=None))
    trial = Trial(offers=10_000)
    offers, now = trial.offers(job.disk_gb), trial.now
    found: list[tuple[str, str, str]] = []
    first: dict[int | None, float] = {}
    for top in (20, None):
        for rows in SIZES:
            part = market(job, rows, now, offers)
            times = 5 if rows < 1e6 else 3
            seconds = median(
                lambda part=part, top=top: rank(part, job, Query(), GROUNDS, now, top=top), times
            )  # type: ignore[misc]
            told = f"{seconds / first.setdefault(top, seconds):.1f}x for {rows / SIZES[0]:.0f}x the rows"
            kept = f"the best {top}" if top else "all ranked"
            found.append(
                (
                    f"{kept} of {rows:,} offers that all fit, compute alone",
                    f"{seconds * 1000:.1f} ms",
                    "target ≤ 30 ms" if rows == SIZES[0] else told,
                )
            )
    whole = first[None]
    few = list(market(job, PLAIN, now, offers))
    same = bills(concat([Offers.of(few)]), job, GROUNDS).run_usd
    plain = [plain_run_usd(offer, job) for offer in few]
    worst = float(np.nanmax(np.abs(np.array(plain) / same - 1)))
    assert worst < 1e-6, f"the plain loop and the columns differ by {worst:.1e}"
    loop_s = (
        median(lambda: sorted(plain_run_usd(offer, job) for offer in few), 3) * SIZES[0] / PLAIN
    )
    found.append((f"the expected cost alone in a plain Python loop, {SIZES[0]:,} offers", f"{loop_s * 1000:.0f} ms",
                  f"{loop_s / whole:.1f}x the columns, ranges, risks and all; same dollars to {worst:.0e}"))  # fmt: skip
    many = [few[i % PLAIN] for i in range(SIZES[0])]
    filter_s = gpuhunt_filter_s(many)
    found.append((f"gpuhunt's filter and sort by price, {SIZES[0]:,} items", f"{filter_s * 1000:.1f} ms",
                  f"{filter_s / whole:.1f}x the ranking"))  # fmt: skip
    return found


if __name__ == "__main__":
    for what, figure, ratio in lines():
        print(f"{what:<66}  {figure:>10}  {ratio}")
