"""The embedded market's machines: what a renter sees of them, and what only their life knows.

All of it is a function of the seed. Prices and availability are functions of seed and time (`at`), so
that a market of a hundred thousand offers needs no memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hunter.sandbox.chance import between, geometric_between, normal, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hunter.values.units import Floats

    Whole = NDArray[np.int64]

MONTH_S = 30 * 86400.0
EPOCH_S = 1_780_000_000.0
"""The time at which drift is nil: 2026-05-28."""


@dataclass(frozen=True, slots=True, eq=False)
class Machines:
    """What the market tells of each machine."""

    gpu: Whole
    gpus: Whole
    host_id: Whole
    machine_id: Whole
    place: Whole
    verified: NDArray[np.bool_]
    datacenter: NDArray[np.bool_]
    reliability: Floats
    price_usd_h: Floats
    """On demand, one GPU, before any motion."""
    floor_ratio: Floats
    storage_usd_gb_month: Floats
    down_usd_gib: Floats
    up_usd_gib: Floats
    down_mbps: Floats
    up_mbps: Floats
    disk_mb_s: Floats
    disk_gb: Floats
    cpu_cores: Whole
    ram_mb: Whole
    cuda: Floats
    days_left: Floats

    def __len__(self) -> int:
        return len(self.gpu)


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
        self.gpu_names = list(vast["gpus"])
        self.gpu_facts = [vast["gpus"][name] for name in self.gpu_names]
        self.places = [place for region in vast["places"].values() for place in region]
        self.machines, self.slices = self._machines(offers)
        self.truths = self._truths()

    # ── from the seed ────────────────────────────────────────────────────────────────────────

    def _machines(self, offers: int) -> tuple[Machines, tuple[Whole, Whole]]:
        vast, seed = self.facts["vast"], self.seed
        sizes = np.array([int(n) for n in vast["gpus_of_machine"]])
        shares = np.array(list(vast["gpus_of_machine"].values()))
        n = max(2, round(offers / self._listed_per_machine(sizes, shares)))
        i = np.arange(n)
        gpus = sizes[_pick(shares, uniform(seed, i, 1))]
        gpu = _pick(np.array([g["share"] for g in self.gpu_facts]), uniform(seed, i, 2))
        datacenter = uniform(seed, i, 3) < vast["datacenter_share"]
        worst, best = vast["reliability"]
        doubt = uniform(seed, i, 5) ** np.where(datacenter, 6.0, 2.0)
        price, ratio, storage = self._prices(i, gpu, gpus, datacenter)
        down = np.exp(np.log(vast["inet_down_median_mbps"]) + 0.9 * normal(seed, i, 11))
        down = np.clip(np.where(datacenter, down * 2, down), *vast["inet_down_mbps"])
        cores = np.maximum(8, gpus * (4 + 4 * (uniform(seed, i, 12) * 6).astype(np.int64)))
        versions = np.array([11.8, 12.2, 12.4, 12.6, 12.8, 13.0])
        machines = Machines(
            gpu=gpu,
            gpus=gpus,
            host_id=10_000 + (uniform(seed, i // 3, 13) * 380_000).astype(np.int64),
            machine_id=1_000 + i * 7 + seed % 5,
            place=self._places(uniform(seed, i, 14), uniform(seed, i, 15)),
            verified=datacenter | (uniform(seed, i, 4) < vast["verified_share"]),
            datacenter=datacenter,
            reliability=best - (best - worst) * doubt,
            price_usd_h=price,
            floor_ratio=ratio,
            storage_usd_gb_month=storage,
            down_usd_gib=self._traffic(i, 16),
            up_usd_gib=self._traffic(i, 18),
            down_mbps=down,
            up_mbps=down * between([0.3, 1.0], uniform(seed, i, 20)),
            disk_mb_s=geometric_between(vast["disk_mb_s"], uniform(seed, i, 21)),
            disk_gb=geometric_between([60.0, 2500.0], uniform(seed, i, 22)) * gpus**0.5,
            cpu_cores=cores,
            ram_mb=cores * 2000 + 32_000 * gpus,
            cuda=versions[(uniform(seed, i, 23) ** 0.6 * len(versions)).astype(np.int64)],
            days_left=geometric_between([0.2, 300.0], uniform(seed, i, 24)),
        )
        owner = np.repeat(i, [len(_slice_sizes(int(g))) for g in gpus])
        size = np.concatenate([_slice_sizes(int(g)) for g in gpus])
        return machines, (owner, size)

    def _listed_per_machine(self, sizes: Whole, shares: Floats) -> float:
        """Offers that a machine shows at a time, on average over machines."""
        motion = self.facts["motion"]
        listed = []
        for n in sizes:
            slices = _slice_sizes(int(n))
            left = np.array([_free(int(n), u, motion["free_share"]) for u in np.arange(0, 1, 0.01)])
            listed.append(float(sum((left >= size).mean() for size in slices)))
        share = shares / shares.sum()
        return float(share @ np.array(listed)) * float(1 - motion["unlisted_share"])

    def _prices(
        self, i: Whole, gpu: Whole, gpus: Whole, datacenter: NDArray[np.bool_]
    ) -> tuple[Floats, Floats, Floats]:
        """On-demand price of one GPU, floor as a share of it, storage price."""
        vast, seed = self.facts["vast"], self.seed
        median = np.array([g["usd_h"] for g in self.gpu_facts])[gpu]
        price = median * np.exp(vast["price_sigma"] * normal(seed, i, 6))
        price = np.where(datacenter, price * 1.15, price)
        ratio = between(vast["bid_ratio"], uniform(seed, i, 8))
        above = uniform(seed, i, 9) < vast["bid_above_share"]
        ratio = np.where(above, 1.0 + 0.3 * uniform(seed, i, 7), ratio)
        mode = vast["storage_mode_usd_gb_month"]
        storage = _triangular(vast["storage_usd_gb_month"], mode, uniform(seed, i, 10))
        talk = np.flatnonzero((gpu == self.gpu_names.index("RTX 4090")) & (gpus == 1))
        if len(talk):  # the talk's machine: two cents with 50 GB, one cent of them for the disk
            price[talk[0]], storage[talk[0]] = vast["talk_price_usd_h"] / 2, 0.144
        return price, ratio, storage

    def _places(self, region: Floats, place: Floats) -> Whole:
        vast = self.facts["vast"]
        names = list(vast["places"])
        counts = np.array([len(vast["places"][name]) for name in names])
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        chosen = _pick(np.array([vast["regions"][name] for name in names]), region)
        found: Whole = first[chosen] + (place * counts[chosen]).astype(np.int64)
        return found

    def _traffic(self, i: Whole, key: int) -> Floats:
        vast, seed = self.facts["vast"], self.seed
        price = vast["traffic_median_usd_gb"] * np.exp(0.8 * normal(seed, i, key))
        free = uniform(seed, i, key + 1) < vast["traffic_free_share"]
        found: Floats = np.where(free, 0.0, np.minimum(price, vast["traffic_max_usd_gb"]))
        return found

    def _truths(self) -> Truths:
        hidden, seed, m = self.facts["hidden"], self.seed, self.machines
        i = np.arange(len(m))
        share = hidden["link_share_median"] * np.exp(
            hidden["link_share_sigma"] * normal(seed, i, 101)
        )
        dead = uniform(seed, i, 102) < hidden["link_dead_share"]
        share = np.where(dead, 0.05 * uniform(seed, i, 103) + 0.002, np.minimum(share, 1.0))
        stated, succeeds = np.array(hidden["boot_success"]).T
        success = np.interp(m.reliability, stated, succeeds)
        usual = np.array([g["usd_h"] for g in self.gpu_facts])[m.gpu]
        success = np.where(m.price_usd_h < 0.7 * usual, success - 0.08, success)
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
        relisted = self._epoch(at, "relist_s", machine, 31).astype(np.int64)
        return Asks(
            ask_id=10_000_000 + rows + len(size) * relisted,
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
        draw = uniform(self.seed, i, epoch, 33)
        rented = np.maximum(0.0, draw - motion["free_share"]) / (1 - motion["free_share"])
        free = m.gpus - np.floor((m.gpus + 1) * rented).astype(np.int64)
        listed = uniform(self.seed, i, epoch, 34) >= motion["unlisted_share"]
        found: Whole = np.where(listed, free, 0)
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


def _pick(shares: Floats, draw: Floats) -> Whole:
    """Which of several things a draw means, by their shares."""
    edges = np.cumsum(shares) / shares.sum()
    return np.minimum(np.searchsorted(edges, draw, side="right"), len(shares) - 1)


def _triangular(bounds: list[float], mode: float, draw: Floats) -> Floats:
    low, high = bounds
    turn = (mode - low) / (high - low)
    rising = low + np.sqrt(draw * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - draw) * (high - low) * (high - mode))
    found: Floats = np.where(draw < turn, rising, falling)
    return found


def _slice_sizes(gpus: int) -> list[int]:
    """A machine is listed in powers of two of its GPUs, and whole."""
    sizes = [size for size in (1, 2, 4, 8) if size < gpus]
    return [*sizes, gpus]


def _free(gpus: int, draw: float, free_share: float) -> int:
    rented = max(0.0, draw - free_share) / (1 - free_share)
    return gpus - int((gpus + 1) * rented)
