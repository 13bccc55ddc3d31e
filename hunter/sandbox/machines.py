"""The embedded market's machines as a renter sees them, drawn from the quantiles of real ones.

Each figure of a machine has a score, and the quantiles of the machines it is like turn scores into figures.
Scores go together as they do on real machines: a dear host is dear in everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hunter.sandbox.chance import (
    RANKS,
    blend,
    geometric_between,
    pick,
    rank,
    score,
    step,
    uniform,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hunter.values.units import Floats

    Whole = NDArray[np.int64]

GIB_PER_TB = 1024.0
CUDA_VERSIONS = (11.8, 12.2, 12.4, 12.6, 12.8, 13.0)


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
    free_chance: Floats
    """Of having any GPU for rent at a time: the cheap ones are rented."""
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


class Models:
    """What is rented out: the models of GPU, and the kind of machine that each comes in.

    Args:
        vast: the table of that name in `sandbox.toml`.
    """

    def __init__(self, vast: dict[str, Any]) -> None:
        rows = vast["gpus"].values()
        self.names = list(vast["gpus"])
        self.facts = list(rows)
        self.shares = np.array([row["share"] for row in rows])
        self.usd_h = np.array([row["usd_h"] for row in rows])
        names = list(vast["kinds"])
        self.kind = np.array([names.index(row["like"]) for row in rows])
        self.kinds = [_whole_kind(vast["kinds"], name) for name in names]
        self._ranks = vast["kind_ranks"]

    def figure(self, name: str, kind: Whole, place: Whole) -> Floats:
        """A figure of machines of these kinds, by the places of their scores."""
        table = [np.interp(RANKS, self._ranks, facts[name]) for facts in self.kinds]
        found: Floats = np.concatenate(table)[kind * len(RANKS) + place]
        return found

    def free_chance(self, kind: Whole, place: Whole) -> Floats:
        """How often machines have anything for rent, by the places of their prices' scores."""
        middles = [0.125, 0.375, 0.625, 0.875]
        table = [np.interp(RANKS, middles, facts["free_by_price_quarter"]) for facts in self.kinds]
        found: Floats = np.concatenate(table)[kind * len(RANKS) + place]
        return np.maximum(found, 0.01)  # none of a quarter's few machines free is not never

    def gpus(self, kind: Whole, draw: Floats) -> Whole:
        """How many GPUs each machine has."""
        found = np.empty(len(kind), dtype=np.int64)
        for number, facts in enumerate(self.kinds):
            rows = np.flatnonzero(kind == number)
            sizes = np.array([int(size) for size in facts["machines_of_size"]])
            shares = np.array(list(facts["machines_of_size"].values()), dtype=float)
            found[rows] = sizes[pick(shares, draw[rows])]
        return found


def _whole_kind(kinds: dict[str, Any], name: str) -> dict[str, Any]:
    """A kind's table, filled up from the one that it is like."""
    kind: dict[str, Any] = kinds[name]
    return _whole_kind(kinds, kind["like"]) | kind if "like" in kind else kind


class Draws:
    """Scores of machines, normally distributed; a host's machines share what is the host's.

    Args:
        seed: the market's.
        host: the number of each machine's host, ascending.
        go: `together` of `sandbox.toml`.
    """

    def __init__(self, seed: int, host: Whole, go: dict[str, float]) -> None:
        self._seed = seed
        self._host = host
        self._hosts = np.arange(host[-1] + 1)
        self._machines = np.arange(len(host))
        self._go = go
        self._dear = score(uniform(seed, self._hosts, 50))

    def of_machine(self, key: int) -> Floats:
        """One score for each machine."""
        return score(uniform(self._seed, self._machines, key))

    def of_host(self, key: int, go: str | None) -> Floats:
        """One score for each host, given to its machines; it may go with how dear the host is."""
        own = score(uniform(self._seed, self._hosts, key))
        return (own if go is None else blend(self._dear, self._go[go], own))[self._host]

    def with_host(self, own: Floats, go: str) -> Floats:
        """Machines' own scores, made to go with how dear their host is."""
        return blend(self._dear[self._host], self._go[go], own)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """A score of each machine for each thing that is read off its kind."""

    trust: Floats
    reliability: Floats
    price: Floats
    floor: Floats
    storage: Floats
    down: Floats
    up: Floats
    inward: Floats
    outward: Floats
    disk: Floats
    room: Floats
    cores: Floats
    memory: Floats
    place: Floats


def _scores(draws: Draws, go: dict[str, float]) -> Scores:
    price = draws.of_host(6, "price")
    price = blend(price, go["price_of_host"], draws.of_machine(6))
    link = draws.of_host(11, "link")
    inward = draws.of_host(16, "traffic")
    down = blend(link, go["link_of_host"], draws.of_machine(11))
    room = draws.with_host(draws.of_machine(22), "room")
    cores = blend(room, go["cores_with_room"], draws.of_machine(12))
    return Scores(
        trust=draws.of_host(3, "trust"),
        reliability=draws.with_host(draws.of_machine(5), "trust"),
        price=price,
        floor=blend(price, go["floor_with_price"], draws.of_machine(8)),
        storage=draws.of_host(10, "storage"),
        down=down,
        up=blend(down, go["up_with_down"], draws.of_machine(20)),
        inward=inward,
        outward=blend(inward, go["traffic_out_with_in"], draws.of_machine(18)),
        disk=draws.with_host(draws.of_machine(21), "disk"),
        room=room,
        cores=cores,
        memory=blend(cores, go["memory_with_cores"], draws.of_machine(25)),
        place=blend(link, go["place_with_link"], draws.of_host(14, None)),
    )


def draw(vast: dict[str, Any], models: Models, seed: int, n: int) -> Machines:
    """Machines from a seed.

    Args:
        vast: the table of that name in `sandbox.toml`.
        models: what is rented out, of the same table.
        seed: the market's.
        n: how many.
    """
    i, host = np.arange(n), _hosts(vast["machines_of_host"], seed, n)
    alike = uniform(seed, i, 26) < vast["host_keeps_model"]
    gpu = pick(models.shares, uniform(seed, np.where(alike, host + n, i), 2))
    kind = models.kind[gpu]
    gpus = models.gpus(kind, uniform(seed, i, 1))
    scores = _scores(Draws(seed, host, vast["together"]), vast["together"])

    def figure(name: str, of: Floats) -> Floats:
        return models.figure(name, kind, step(of))

    price = models.usd_h[gpu] * figure("price_of_median", scores.price)
    storage = figure("storage_usd_gb_month", scores.storage)
    talk = np.flatnonzero((gpu == models.names.index("RTX 4090")) & (gpus == 1))[:1]
    # two cents with 50 GB, one of them for the disk
    price[talk], storage[talk] = vast["talk_price_usd_h"] / 2, 0.144
    datacenter = rank(scores.trust) > 1 - vast["datacenter_share"]
    worst, best = vast["reliability"]
    doubt = (1 - rank(scores.reliability)) ** np.where(datacenter, 6.0, 2.0)
    version = (uniform(seed, i, 23) ** 0.6 * len(CUDA_VERSIONS)).astype(np.int64)
    return Machines(
        gpu=gpu,
        gpus=gpus,
        host_id=10_000 + (uniform(seed, host, 13) * 380_000).astype(np.int64),
        machine_id=1_000 + i * 7 + seed % 5,
        place=_places(vast, rank(scores.place), uniform(seed, host, 15)),
        verified=datacenter | (uniform(seed, i, 4) < vast["verified_share"]),
        datacenter=datacenter,
        reliability=best - (best - worst) * doubt,
        price_usd_h=price,
        free_chance=models.free_chance(kind, step(scores.price)),
        floor_ratio=np.interp(RANKS, vast["kind_ranks"], vast["bid_of_price"])[step(scores.floor)],
        storage_usd_gb_month=storage,
        down_usd_gib=figure("down_usd_tb", scores.inward) / GIB_PER_TB,
        up_usd_gib=figure("up_usd_tb", scores.outward) / GIB_PER_TB,
        down_mbps=figure("down_mbps", scores.down),
        up_mbps=figure("up_mbps", scores.up),
        disk_mb_s=figure("disk_mb_s", scores.disk),
        disk_gb=figure("disk_gb", scores.room) * gpus,
        cpu_cores=np.maximum(4, figure("cores", scores.cores) * gpus).astype(np.int64),
        ram_mb=(figure("ram_gb", scores.memory) * gpus * 1000).astype(np.int64),
        cuda=np.array(CUDA_VERSIONS)[version],
        days_left=geometric_between([0.2, 300.0], uniform(seed, i, 24)),
    )


def _hosts(machines_of_host: dict[str, float], seed: int, n: int) -> Whole:
    """The number of each machine's host: hosts own one machine or many."""
    sizes = np.array([int(size) for size in machines_of_host])
    owned = sizes[pick(np.array(list(machines_of_host.values())), uniform(seed, np.arange(n), 45))]
    found: Whole = np.searchsorted(np.cumsum(owned), np.arange(n), side="right")
    return found


def _places(vast: dict[str, Any], region: Floats, place: Floats) -> Whole:
    """Where each host is. Regions stand in the order of their links, the worst first."""
    counts = np.array([len(vast["places"][name]) for name in vast["regions"]])
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    chosen = pick(np.array(list(vast["regions"].values())), region)
    found: Whole = first[chosen] + (place * counts[chosen]).astype(np.int64)
    return found
