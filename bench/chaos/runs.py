"""Running stories: many seeds on all cores, and the walks that die at every event."""

from __future__ import annotations

import random
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from bench.chaos.plans import MARKETS, Plan, plan
from bench.chaos.story import Outcome, tell
from bench.chaos.world import make_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WALKS: dict[str, Plan] = {
    f"{market}-{name}": Plan(seed=seed, market=market, **{"over_s": 0.0} | changes)
    for market in MARKETS
    for seed, (name, changes) in enumerate({
        "plain": {},
        "lost": {"faults": ("market:create-lost",), "sandbox": ("create-lost",), "over_s": 120.0},
    }.items())
}  # fmt: skip
"""From a launch to its end; everybody dies once at each of their writes and requests."""


def told(plan: Plan, folder: Path) -> Outcome:
    """A story on a disk of its own, which is thrown away."""
    random.seed(plan.seed)  # stamina's pauses
    own = Path(tempfile.mkdtemp(dir=folder))
    try:
        return tell(plan, own)
    finally:
        rmtree(own)


def many(seeds: Iterable[int], folder: Path, say: Callable[[str], None]) -> list[Outcome]:
    """The stories of these seeds, in their order."""
    return _all([plan(seed) for seed in seeds], folder, say)


def exhaust(folder: Path, say: Callable[[str], None]) -> list[Outcome]:
    """Each walk, with a death at its first event, its second, and so on to its last."""
    make_templates(folder)
    plans = []
    for name, walk in WALKS.items():
        whole = told(walk, folder)
        say(f"{name}: {whole.events} writes and requests, each seen from before and after")
        plans += [replace(walk, dies_at=n) for n in range(1, whole.events + 1)]
    return _all(plans, folder, say)


def one(seed: int | None, walk: str | None, folder: Path) -> tuple[Outcome, Path]:
    """One story again; its homes are left in the folder."""
    make_templates(folder)
    if walk:
        name, _, event = walk.partition(":")
        wanted = replace(WALKS[name], dies_at=int(event) if event else None)
    else:
        wanted = plan(seed or 0)
    random.seed(wanted.seed)
    own = Path(tempfile.mkdtemp(dir=folder))
    return tell(wanted, own), own


def _all(plans: list[Plan], folder: Path, say: Callable[[str], None]) -> list[Outcome]:
    make_templates(folder)
    found = list[Outcome]()
    with ProcessPoolExecutor(initializer=make_templates, initargs=(folder,)) as pool:
        for outcome in pool.map(told, plans, [folder] * len(plans), chunksize=4):
            found.append(outcome)
            if len(found) % 500 == 0:
                say(f"{len(found)} of {len(plans)} told, {sum(bool(o.wrong) for o in found)} wrong")
    return found
