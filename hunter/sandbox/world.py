"""The embedded market's machines: what a renter sees of them, and what only their life knows.

All of it is a function of the seed. Prices and availability are functions of seed and time (`at`), so
that a market of a hundred thousand offers needs no memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hunter.sandbox.chance import between, geometric_between, normal, score, step, uniform
from hunter.sandbox.machines import Models
from hunter.sandbox.machines import draw as draw_machines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hunter.values.units import Floats

    Whole = NDArray[np.int64]

MONTH_S = 30 * 86400.0
EPOCH_S = 1_781_222_400.0
"""The time at which drift is nil: 2026-06-12, when the machines that this market is like were counted."""
WEEKS_OF_IDS = 26
"""After so many weeks old offer ids come back."""


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """What no reply ever tells of a machine."""

    link_share: Floats
    unpack_mb_s: Floats
    write_mb_s: Floats
    parallel_unpack: NDArray[np.bool_]
    cached_share: Floats
    boot_success: Floats
    failures_per_day: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Asks:
    """The offers of one moment, as columns."""

    ask_id: Whole
    machine: Whole
    size: Whole
    """GPUs."""
    price_usd_h: Floats
    floor_usd_h: Floats
    end_at: Floats


class World:
    """A market made from a seed."""

    def __init__(self, facts: dict[str, Any], seed: int, offers: int) -> None:
        self.facts = facts
        self.seed = seed
        vast = facts["vast"]
        models = Models(vast)
        self.gpu_names = models.names
        self.gpu_facts = models.facts
        self.usual_usd_h = models.usd_h
        self.places = [place for region in vast["regions"] for place in vast["places"][region]]
        listed = _listed_per_machine(models, facts["motion"])
        self.machines = draw_machines(vast, models, seed, max(2, round(offers / listed)))
        self.slices = _slices(self.machines.gpus)
        self.truths = self._truths()

    def _truths(self) -> Truths:
        hidden, seed, m = self.facts["hidden"], self.seed, self.machines
        i = np.arange(len(m))
        share = hidden["link_share_median"] * np.exp(
            hidden["link_share_sigma"] * score(uniform(seed, i, 101))
        )
        dead = uniform(seed, i, 102) < hidden["link_dead_share"]
        share = np.where(dead, 0.05 * uniform(seed, i, 103) + 0.002, np.minimum(share, 1.0))
        stated, succeeds = np.array(hidden["boot_success"]).T
        success = np.interp(m.reliability, stated, succeeds)
        cheapest = m.price_usd_h < hidden["cheapest_below"] * self.usual_usd_h[m.gpu]
        success = np.where(cheapest, success - hidden["cheapest_boot_less"], success)
        return Truths(
            link_share=share,
            unpack_mb_s=geometric_between(hidden["unpack_mb_s"], uniform(seed, i, 104)),
            write_mb_s=m.disk_mb_s * between(hidden["write_share"], uniform(seed, i, 105)),
            parallel_unpack=uniform(seed, i, 106) < hidden["parallel_unpack_share"],
            cached_share=hidden["layer_cache_share"] * uniform(seed, i, 107) * 2,
            boot_success=np.where(m.datacenter, hidden["boot_success_datacenter"], success),
            failures_per_day=hidden["host_failures_per_day"] * (1 - m.reliability) / 0.02,
        )

    # ── at a time ────────────────────────────────────────────────────────────────────────────

    def asks(self, at: float, taken: dict[int, int]) -> Asks:
        """What is for sale at a time, our own renters' GPUs left out.

        Args:
            at: unix seconds.
            taken: GPUs that renters of this market hold, by machine.
        """
        owner, size = self.slices
        free = self.free(at)
        for held, count in taken.items():
            free[held] -= count
        rows = np.flatnonzero(size <= free[owner])
        machine: Whole = owner[rows]
        n: Whole = size[rows]
        price = self.price(at, machine) * n
        return Asks(
            ask_id=10_000_000 + rows + len(size) * self._listing(at, machine),
            machine=machine,
            size=n,
            price_usd_h=price,
            floor_usd_h=self.floor(at, machine) * n,
            end_at=self.end_at(at, machine),
        )

    def free(self, at: float) -> Whole:
        """GPUs of each machine that nobody outside this market's own renters holds."""
        motion, m = self.facts["motion"], self.machines
        i = np.arange(len(m))
        epoch = self._epoch(at, "occupancy_s", i, 32).astype(np.int64)
        free = _free(m.gpus, uniform(self.seed, i, epoch, 33), m.free_chance, motion["whole_share"])
        listed = uniform(self.seed, i, epoch, 34) >= motion["unlisted_share"]
        found: Whole = np.where(listed, free, 0)
        return found

    def _listing(self, at: float, machine: Whole) -> Whole:
        """Which of a machine's listings this is: each coming back is one of a few, weeks later of others."""
        motion = self.facts["motion"]
        week = self._epoch(at, "relist_s", machine, 31).astype(np.int64)
        epoch = self._epoch(at, "occupancy_s", machine, 32).astype(np.int64)
        few = (uniform(self.seed, machine, epoch, 44) * motion["listings"]).astype(np.int64)
        found: Whole = week % WEEKS_OF_IDS * motion["listings"] + few
        return found

    def price(self, at: float, machine: Whole) -> Floats:
        """On demand, for one GPU."""
        epoch = self._epoch(at, "reprice_s", machine, 35)
        step = self.facts["motion"]["price_step_sigma"] * normal(
            self.seed, machine, epoch.astype(np.int64), 36
        )
        moved = self._tide(epoch, "reprice_s", machine, 35) * np.exp(step)
        found: Floats = np.round(self.machines.price_usd_h[machine] * moved, 6)
        return found

    def floor(self, at: float, machine: Whole) -> Floats:
        """The lowest bid that is accepted, for one GPU."""
        epoch = self._epoch(at, "floor_s", machine, 37)
        step = self.facts["motion"]["floor_step_sigma"] * normal(
            self.seed, machine, epoch.astype(np.int64), 38
        )
        m = self.machines
        base = m.price_usd_h[machine] * m.floor_ratio[machine]
        moved = self._tide(epoch, "floor_s", machine, 37) * np.exp(step)
        found: Floats = np.maximum(np.round(base * moved, 6), 0.001)
        return found

    def floor_changes_at(self, machine: int, at: float) -> float:
        """When the floor of a machine is drawn anew after a time."""
        length = float(self.facts["motion"]["floor_s"])
        phase = float(uniform(self.seed, machine, 37)[0])
        return float((np.floor(at / length + phase) + 1 - phase) * length)

    def end_at(self, at: float, machine: Whole) -> Floats:
        """When the host wants the machine back; it moves on as hosts renew their offers."""
        span = self.machines.days_left[machine] * 86400.0
        phase = uniform(self.seed, machine, 39)
        found: Floats = (np.floor(at / span + phase) + 1 - phase) * span
        later: Floats = np.maximum(found, at + 3600.0)
        return later

    def link_mbps(self, machine: int, at: float) -> float:
        """What really arrives, hour by hour."""
        hour = int(at // 3600)
        swing = 1 + self.facts["hidden"]["link_hourly"] * (
            2 * float(uniform(self.seed, machine, hour, 40)[0]) - 1
        )
        share = float(self.truths.link_share[machine])
        return float(self.machines.down_mbps[machine] * min(1.0, share * swing))

    def _epoch(self, at: float, length: str, machine: Whole, key: int) -> Floats:
        """The number of the span of time that `at` falls in, each machine's shifted by its own phase."""
        phase = uniform(self.seed, machine, key)
        found: Floats = np.floor(at / self.facts["motion"][length] + phase)
        return found

    def _tide(self, epoch: Floats, length: str, machine: Whole, key: int) -> Floats:
        """Daily swing and slow drift as they were when the span began."""
        motion = self.facts["motion"]
        begun = (epoch - uniform(self.seed, machine, key)) * motion[length]
        swing = between(motion["daily_swing"], uniform(self.seed, machine, 41))
        day = np.sin(2 * np.pi * (begun / 86400 + uniform(self.seed, machine, 42)))
        drift = between(motion["drift_per_month"], uniform(self.seed, machine, 43))
        limit = motion["drift_limit"]
        slow = np.clip(drift * (begun - EPOCH_S) / MONTH_S, -limit, limit)
        tide: Floats = (1 + swing * day) * (1 + slow)
        return tide


def _slices(gpus: Whole) -> tuple[Whole, Whole]:
    """The machine and the size of everything that is ever listed."""
    listed = [_slice_sizes(n) for n in range(int(gpus.max()) + 1)]
    counts = np.array([len(sizes) for sizes in listed])
    owner = np.repeat(np.arange(len(gpus)), counts[gpus])
    begins = np.cumsum(counts) - counts  # of each GPU count in the sizes one after the other
    of_machine = np.cumsum(counts[gpus]) - counts[gpus]
    place = np.arange(len(owner)) - of_machine[owner] + begins[gpus][owner]
    return owner, np.concatenate(listed)[place]


def _slice_sizes(gpus: int) -> list[int]:
    """A machine is listed in powers of two of its GPUs, and whole."""
    sizes = [size for size in (1, 2, 4, 8) if size < gpus]
    return [*sizes, gpus]


def _free(gpus: Whole, draw: Floats, chance: Floats, whole_share: float) -> Whole:
    """GPUs that nobody holds: often none, often all, else any number between."""
    within = draw / chance
    part = np.clip((within - whole_share) / (1 - whole_share), 0.0, 1.0)
    some = np.where(within < whole_share, gpus, 1 + np.floor((gpus - 1) * part).astype(np.int64))
    found: Whole = np.where(draw < chance, np.minimum(some, gpus), 0)
    return found


def _listed_per_machine(models: Models, motion: dict[str, Any]) -> float:
    """Offers that a machine shows at a time, on average over machines."""
    whole, even = motion["whole_share"], step(score(np.arange(0.005, 1, 0.01)))
    mean = 0.0
    for number, kind in enumerate(models.kinds):
        of_kind = models.kind == number
        chance = float(models.free_chance(np.full(len(even), number), even).mean())
        shares = kind["machines_of_size"]
        shown = sum(
            share * (whole * len(_slice_sizes(int(n))) + (1 - whole) * _shown_in_part(int(n)))
            for n, share in shares.items()
        )
        weight = models.shares[of_kind].sum() / models.shares.sum()
        mean += float(weight) * chance * shown / sum(shares.values())
    return mean * float(1 - motion["unlisted_share"])


def _shown_in_part(gpus: int) -> float:
    """Offers of a machine that has any number free but all, on average."""
    free = range(1, gpus) if gpus > 1 else [1]
    return float(np.mean([sum(size <= n for size in _slice_sizes(gpus)) for n in free]))
