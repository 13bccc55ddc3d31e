"""The cold start: seconds from the create to the first useful second, phase by phase, on every offer.

    allocate ─ download ─ unpack ─ start ─ boot ─ weights ─ load ─ warmup ─ useful

Download and unpack overlap as the engine works (`hunter.estimate.pull`); `unpack` is what is left of it when
the last byte has come. All other phases follow each other. Source of the phases: docs/coldstart.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hunter.estimate.beliefs import Belief
from hunter.estimate.pull import MB, Hosts, Layers, totals
from hunter.estimate.speeds import app_of, believed, by_market, client, link_mb_s, unpack_mb_s
from hunter.values.figures import Z90

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from hunter.estimate.assumptions import Assumptions
    from hunter.values.coldstart_facts import ColdStartFacts
    from hunter.values.columns import Offers
    from hunter.values.units import Floats
    from hunter.values.workload import Payload, Workload

BEFORE_RUNNING = ("allocate", "download", "unpack", "start")
"""Phases with billing rules of their own; in all others the instance runs."""
BY_THE_LINK = ("download", "unpack", "weights")
"""Phases that are slow together: on a slow link, or on a slow machine."""


class Phase(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One phase for many offers. Unknown is NaN."""

    name: str
    low_s: Floats
    expected_s: Floats
    high_s: Floats
    bytes_in: Floats
    """Bytes that travel to the machine in it."""

    @property
    def billed_as(self) -> str:
        """The phase of the market's billing rules that it falls under."""
        return self.name if self.name in BEFORE_RUNNING else "running"

    def take(self, rows: NDArray[Any]) -> Phase:
        """The same phase for these rows."""
        columns = (self.low_s, self.expected_s, self.high_s, self.bytes_in)
        low, expected, high, n_bytes = (column[rows] for column in columns)
        return Phase(
            name=self.name, low_s=low, expected_s=expected, high_s=high, bytes_in=n_bytes
        )  # fmt: skip


def spread(phases: Sequence[Phase], rates: Sequence[Floats | float]) -> tuple[Floats, Floats]:
    """How far below and above its expected value a sum over the phases may lie (10th, 90th percentile).

    Phases of one link are slow together, so their deviations add up; the others are independent of them
    and of each other, so theirs add up as the sides of right angles do.

    Args:
        phases: of one cold start.
        rates: what a second of each counts: 1 for seconds, or $ a second.
    """
    together = [
        (rate * (p.expected_s - p.low_s), rate * (p.high_s - p.expected_s))
        for p, rate in zip(phases, rates, strict=True)
    ]
    sides = []
    for side in (0, 1):
        linked = sum(
            deviation[side]
            for phase, deviation in zip(phases, together, strict=True)
            if phase.name in BY_THE_LINK
        )
        alone = [
            deviation[side] ** 2
            for phase, deviation in zip(phases, together, strict=True)
            if phase.name not in BY_THE_LINK
        ]
        sides.append(np.sqrt(linked**2 + sum(alone)))
    return sides[0], sides[1]


def cold_start(offers: Offers, workload: Workload, assumptions: Assumptions) -> tuple[Phase, ...]:
    """The phases of a start from nothing on each offer.

    Args:
        offers: n offers.
        workload: what travels and what starts; unknown sizes make their phases NaN.
        assumptions: rules, priors and what our launches taught.
    """
    coldstart_facts, payload, own = assumptions.coldstart_facts, workload.payload, workload.start
    app = app_of(coldstart_facts, workload.image, own.app)
    link, n = link_mb_s(offers, assumptions), len(offers)
    download, unpack = _pulled(offers, workload, assumptions, link)
    boot = _own(own.boot_s, n) or believed(
        "boot_s", offers, assumptions, app.boot_s, workload.image
    )
    warmup = _own(own.warmup_s, n) or believed(
        "warmup_s", offers, assumptions, app.warmup_s, workload.image
    )
    return (
        _lasting("allocate", by_market("allocate_s", offers, assumptions)),
        download,
        unpack,
        _lasting("start", by_market("start_s", offers, assumptions)),
        _lasting("boot", boot),
        _fetched(offers, workload, assumptions, link),
        _loaded(offers, payload, assumptions, own.load_gb_s, workload.image),
        _lasting("warmup", warmup),
    )


def _own(seconds: float | None, n: int) -> Belief | None:
    """What the user states is not doubted."""
    return None if seconds is None else Belief(median=np.full(n, seconds), log_sd=np.zeros(n))


# ── the pull ─────────────────────────────────────────────────────────────────────────────────────
def layers_of(payload: Payload, coldstart_facts: ColdStartFacts) -> Layers | None:
    """The image's layers as columns; where only its size is known, layers as images usually have them."""
    if payload.layers:
        sizes = np.array([layer.compressed_bytes for layer in payload.layers], dtype=np.float64)
        unpacked = np.array([layer.unpacked_bytes for layer in payload.layers], dtype=np.float64)
        packing = [layer.packing for layer in payload.layers]
    elif payload.image_bytes is None:
        return None
    else:
        # the largest neither first nor last, as real images have it
        pull, n = coldstart_facts.pull, int(coldstart_facts.pull.default_layers.expected)
        shares = pull.default_decay.expected ** ((np.arange(n) * 7 + 5) % n)
        sizes = payload.image_bytes * shares / shares.sum()
        ratio = coldstart_facts.unpack.code.expected
        if payload.image_unpacked_bytes is not None and payload.image_bytes:
            ratio = payload.image_unpacked_bytes / payload.image_bytes
        unpacked, packing = sizes * ratio, ["gzip"] * len(sizes)
    stored = unpacked < sizes * coldstart_facts.ease.stored_below.expected
    ease = np.array(
        [{"zstd": coldstart_facts.ease.zstd.expected, "plain": np.inf}.get(p, 1.0) for p in packing]
    )
    return Layers(
        compressed_bytes=sizes,
        unpacked_bytes=unpacked,
        ease=np.where(stored, np.inf, ease),
        files=np.zeros(len(sizes)),  # no manifest tells; the usual number is part of the speed
    )


def _pulled(
    offers: Offers, workload: Workload, assumptions: Assumptions, link: Belief
) -> tuple[Phase, Phase]:
    layers, n = layers_of(workload.payload, assumptions.coldstart_facts), len(offers)
    if layers is None:
        unknown = np.full(n, np.nan)
        return tuple(
            Phase(name=name, low_s=unknown, expected_s=unknown, high_s=unknown, bytes_in=unknown)
            for name in ("download", "unpack")
        )  # type: ignore[return-value]
    beliefs = link, unpack_mb_s(offers, assumptions)
    low, expected, high = _bounds(layers, offers, beliefs, assumptions.coldstart_facts)
    bytes_in = np.full(n, layers.bytes_in)
    for rows, chance, cached in _there_already(offers, workload, layers, assumptions):
        part = offers.take(rows)
        few = tuple(Belief(median=b.median[rows], log_sd=b.log_sd[rows]) for b in beliefs)
        hit = _bounds(layers, part, few, assumptions.coldstart_facts, cached)
        for miss, instead in zip((low, expected), hit[:2], strict=True):
            share = chance if miss is expected else 1.0
            for old, new in zip(miss, instead, strict=True):
                old[rows] += share * (new - old[rows])
        bytes_in[rows] -= chance * layers.compressed_bytes[cached].sum()
    tails = [np.maximum(whole - there, 0.0) for there, whole in (low, expected, high)]
    return (
        Phase(name="download", low_s=low[0], expected_s=expected[0], high_s=high[0],
              bytes_in=bytes_in),
        Phase(name="unpack", low_s=np.minimum(tails[0], tails[1]), expected_s=tails[1],
              high_s=np.maximum(tails[1], tails[2]), bytes_in=np.zeros(n)),
    )  # fmt: skip


def _bounds(
    layers: Layers,
    offers: Offers,
    beliefs: Sequence[Belief],
    coldstart_facts: ColdStartFacts,
    cached: NDArray[np.bool_] | None = None,
) -> tuple[tuple[Floats, Floats], ...]:
    """Download and whole pull on a fast host, the expected one, and a slow one.

    Link and unpacking vary; what is known less well than those stays at its usual value.
    """
    ends = []
    for deviations in (Z90, None, -Z90):
        link, unpack = (
            b.mean_of_inverse if deviations is None else b.at(deviations) for b in beliefs
        )
        hosts = hosts_of(offers, coldstart_facts, link, unpack)
        ends.append(totals(layers, hosts, coldstart_facts.engine, cached))
    return tuple(ends)


def hosts_of(
    offers: Offers, coldstart_facts: ColdStartFacts, down_mb_s: Floats, unpack_mb_s: Floats
) -> Hosts:
    """The hosts of these offers as a pull sees them, with these speeds of link and unpacking."""
    pull = coldstart_facts.pull
    disk = offers.disk_mb_s * pull.write_share.expected
    return Hosts(
        down_mb_s=down_mb_s,
        connection_mb_s=np.full(len(offers), pull.connection_mb_s.expected),
        unpack_mb_s=unpack_mb_s,
        write_mb_s=np.where(np.isnan(disk), pull.write_mb_s.expected, disk),
        layer_s=pull.layer_s.expected,
        file_s=pull.file_s.expected,
    )


def _there_already(
    offers: Offers, workload: Workload, layers: Layers, assumptions: Assumptions
) -> Iterator[tuple[NDArray[np.intp], float, NDArray[np.bool_]]]:
    """Rows whose host may hold part of the image, how likely it does, and which layers those are."""
    whole = np.ones(len(layers), dtype=np.bool_)
    ours = {(held.market, held.machine_id) for held in assumptions.held}
    for market, rule in assumptions.rules.items():
        popular = rule.popular
        if popular and any(f"/{word}" in f"/{workload.image}" for word in popular.images):
            machines = {machine for where, machine in ours if where == market}
            rows = offers.market.is_in([market]) & ~offers.machine_id.is_in(machines)
            if rows.any():
                yield np.flatnonzero(rows), popular.chance.expected, whole
    digests = [layer.digest for layer in workload.payload.layers]
    for place in sorted(ours):
        rows = offers.market.is_in(place[:1]) & offers.machine_id.is_in(place[1:])
        images = [held for held in assumptions.held if (held.market, held.machine_id) == place]
        cached = whole & any(held.image == workload.image for held in images)
        for held in images:
            cached |= np.arange(len(layers)) < common_prefix(digests, held.digests)
        if rows.any() and cached.any():
            yield np.flatnonzero(rows), assumptions.coldstart_facts.held.ours.expected, cached


def common_prefix(wanted: Sequence[str | None], held: Sequence[str]) -> int:
    """How many layers from the base on two images share.

    Docker's classic store reuses a layer only where all below it are the same too (moby
    `daemon/internal/distribution/xfer/download.go`; seen with docker 20.10, cold-start notes of 2026-11);
    a containerd host reuses more, but nobody tells which one a host runs.

    >>> common_prefix(["a", "b", "c"], ["a", "x", "c"])
    1
    """
    n = 0
    for mine, theirs in zip(wanted, held, strict=False):
        if mine is None or mine != theirs:
            break
        n += 1
    return n


# ── after the pull ───────────────────────────────────────────────────────────────────────────────
def _lasting(name: str, belief: Belief) -> Phase:
    """A phase whose duration itself is believed."""
    return Phase(
        name=name,
        low_s=belief.at(-Z90),
        expected_s=belief.mean,
        high_s=belief.at(Z90),
        bytes_in=np.zeros(len(belief.median)),
    )


def _fetched(offers: Offers, workload: Workload, assumptions: Assumptions, link: Belief) -> Phase:
    """Weights that are fetched at start, one source after another."""
    coldstart_facts, n = assumptions.coldstart_facts, len(offers)
    low, expected, high = (np.zeros(n) for _ in range(3))
    fetches = workload.payload.fetches
    for fetch in fetches:
        taken = client(fetch.kind, offers, workload, assumptions)
        megabytes = np.nan if fetch.n_bytes is None else fetch.n_bytes / MB
        overhead = max(1, len(fetch.files)) * coldstart_facts.client.file_s.expected
        for seconds, speed in (
            (low, np.minimum(link.at(Z90), taken.at(Z90))),
            (expected, np.minimum(link.mean_of_inverse, taken.mean_of_inverse)),
            (high, np.minimum(link.at(-Z90), taken.at(-Z90))),
        ):
            seconds += megabytes / speed + overhead
    total = np.full(n, np.nan if (known := workload.payload.weights_bytes) is None else known)
    return Phase(name="weights", low_s=low, expected_s=expected, high_s=high, bytes_in=total)


def _loaded(
    offers: Offers, payload: Payload, assumptions: Assumptions, own_gb_s: float | None, image: str
) -> Phase:
    """Weights from the disk, or from the memory that they were just written through, to the GPU."""
    coldstart_facts, n, none = assumptions.coldstart_facts, len(offers), np.zeros(len(offers))
    gigabytes = np.nan if payload.model_bytes is None else payload.model_bytes / 1e9
    if own_gb_s is not None:
        speed = Belief(median=np.full(n, own_gb_s), log_sd=none)
    else:
        in_memory = gigabytes < offers.ram_gb * coldstart_facts.load.cached_below_ram_share.expected
        memory, disk = (
            believed("load_gb_s", offers, assumptions, prior, image)
            for prior in (
                coldstart_facts.load.from_memory_gb_s,
                coldstart_facts.load.from_disk_gb_s,
            )
        )
        speed = Belief(
            median=np.where(in_memory, memory.median, disk.median),
            log_sd=np.where(in_memory, memory.log_sd, disk.log_sd),
        )
    fastest = np.where(np.isnan(offers.pcie_gb_s), np.inf, offers.pcie_gb_s)
    return Phase(
        name="load",
        low_s=gigabytes / np.minimum(speed.at(Z90), fastest),
        expected_s=gigabytes / np.minimum(speed.mean_of_inverse, fastest),
        high_s=gigabytes / np.minimum(speed.at(-Z90), fastest),
        bytes_in=none,
    )
