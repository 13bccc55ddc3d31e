"""What one of our own launches says about speeds and durations. Pure: seconds and bytes in, evidence out.

From outside, a market's states tell how long the host allocated, pulled and started. From inside, the
container tells by lines `HUNTER_PHASE name unix_seconds bytes` in its log, which the entrypoint of an
exported Dockerfile prints; only differences between such lines are used, so that the host's clock may be
wrong. One time for a whole pull cannot tell the link from the unpacking: the link is taken from the
weights where they were fetched, else the part that was expected to be the slower one learns.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hunter.estimate.beliefs import Observation
from hunter.estimate.coldstart import hosts_of, layers_of
from hunter.estimate.gpu_speed import relative_speeds, run_hours
from hunter.estimate.pull import MB, totals
from hunter.estimate.risk import BOOTS, LOST, RAN, tiers_of
from hunter.estimate.speeds import client_mb_s, link_mb_s, unpack_mb_s

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hunter.estimate.assumptions import Assumptions
    from hunter.values.billing import MarketRules
    from hunter.values.columns import Offers
    from hunter.values.workload import Workload

MARK = re.compile(r"^HUNTER_PHASE (\w+) (\d+(?:\.\d+)?)(?: (\d+))?\s*$", re.M)
CACHED_BELOW = 0.25
"""A pull that took less than this share of the expected found the image there and says nothing of speeds."""
CLIENT_BOUND = 0.7
"""From this share of the downloader's own limit on, the downloader was the limit and not the link."""
BY_DOWNLOAD = 0.7
"""A pull whose download alone takes this share of it says more of the link than of the unpacking."""
UNSEEN = 1.1
"""What the link explains of a pull's time but for this factor hides the unpacking."""
SLOWEST, FASTEST = 0.05, 20_000.0
"""MB/s: what lies beyond is no measurement."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The container says that a phase began, and how many bytes it will move."""

    phase: str
    at: float
    n_bytes: float


def marks(log: str) -> tuple[Mark, ...]:
    """The phase marks in what a container printed, in order.

    >>> marks("hello\\nHUNTER_PHASE boot 100.5 0\\nHUNTER_PHASE weights 120 26000\\n")[1]
    Mark(phase='weights', at=120.0, n_bytes=26000.0)
    """
    return tuple(
        Mark(phase=name, at=float(at), n_bytes=float(n_bytes or 0))
        for name, at, n_bytes in MARK.findall(log)
    )


def lasted(told: Sequence[Mark]) -> dict[str, tuple[float, float]]:
    """Seconds and bytes of each phase that has ended: a phase ends where the next begins."""
    found = {}
    for mark, after in pairwise(told):
        if after.at > mark.at:
            found[mark.phase] = (after.at - mark.at, mark.n_bytes)
    return found


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """One launch as it went."""

    lease_id: str
    at: float
    """Unix seconds."""
    states: Mapping[str, float]
    """Seconds that the instance was seen allocating, pulling, starting, each until it left that state."""
    told: Sequence[Mark]


def measured(
    launch: Launch, offers: Offers, workload: Workload, assumptions: Assumptions
) -> list[Observation]:
    """The evidence in one launch.

    Args:
        launch: its seconds.
        offers: of one row: what was rented, as it was advertised.
        workload: what was started there, with the sizes that were known.
        assumptions: what was believed before.
    """
    inside = lasted(launch.told)
    found: dict[str, float] = {}
    for state, quantity in (("allocating", "allocate_s"), ("starting", "start_s")):
        if launch.states.get(state):
            found[quantity] = launch.states[state]
    for phase, quantity in (("boot", "boot_s"), ("warmup", "warmup_s")):
        if phase in inside:
            found[quantity] = inside[phase][0]
    if "load" in inside and inside["load"][1]:
        found["load_gb_s"] = inside["load"][1] / 1e9 / inside["load"][0]
    if "ready" in inside:
        found |= _worked(inside["ready"][0] / 3600, offers, workload, assumptions)
    link = None
    if "weights" in inside and inside["weights"][1]:
        seconds, n_bytes = inside["weights"]
        link = _fetched(n_bytes / MB / seconds, offers, workload, assumptions, found)
    if launch.states.get("pulling"):
        link = _pulled(launch.states["pulling"], link, offers, workload, assumptions, found)
    if link is not None:
        stated = float(offers.inet_down_mbps[0])
        if np.isnan(stated):
            found["link_mbps"] = link * 8
        else:
            found["link_share"] = link * 8 / stated
    return [
        Observation(
            quantity=quantity,
            value=value,
            at=launch.at,
            market=offers.market[0] or "",
            host_id=offers.gpu[0] if quantity == "run_share" else offers.host_id[0],
            machine_id=offers.machine_id[0],
            image=workload.image,
            lease_id=launch.lease_id,
        )
        for quantity, value in found.items()
        if math.isfinite(value) and value > 0
    ]


def _worked(
    hours: float, offers: Offers, workload: Workload, assumptions: Assumptions
) -> dict[str, float]:  # fmt: skip
    """How long the work took, from `ready` to `done`, by what its GPU's figures promise."""
    if workload.run.reference_gpu is None:
        return {}
    speed = relative_speeds(offers.gpu, workload.run, assumptions.gpus)
    return {"run_share": hours / float(run_hours(workload.run.hours, speed)[0])}


class Went(msgspec.Struct, frozen=True, kw_only=True):
    """How one lease went, good or bad."""

    lease_id: str
    at: float
    """Unix seconds."""
    booted: bool | None
    """None where it was ended before anybody could tell."""
    waited_s: float
    """From the create until it was ended."""
    ran_h: float
    cut: bool
    """The market ended it, or its host did."""


def outcome(went: Went, offers: Offers, rules: Mapping[str, MarketRules]) -> list[Observation]:
    """What a lease says of duds and interruptions.

    Args:
        went: how it went.
        offers: of one row: what was rented.
        rules: of the markets, whose tiers an offer falls into.
    """
    tenancy = offers.tenancy[0] or ""
    found: dict[str, float] = {}
    tiers = tiers_of(offers, rules)
    if went.booted is not None and tiers:
        found[f"{BOOTS} {tiers[0][1].name}"] = float(went.booted)
        if not went.booted:
            found["dud_s"] = went.waited_s
    if went.ran_h > 0:
        found[f"{RAN} {tenancy}"] = went.ran_h
        found[f"{LOST} {tenancy}"] = float(went.cut)
    return [
        Observation(
            quantity=quantity,
            value=value,
            at=went.at,
            market=offers.market[0] or "",
            host_id=offers.host_id[0],
            machine_id=offers.machine_id[0],
            lease_id=went.lease_id,
        )
        for quantity, value in found.items()
    ]


def _fetched(
    mb_s: float,
    offers: Offers,
    workload: Workload,
    assumptions: Assumptions,
    found: dict[str, float],
) -> float | None:
    """The link as the weights' download shows it, MB/s; None where the downloader was the limit."""
    client = client_mb_s(offers, workload, assumptions)
    link = float(link_mb_s(offers, assumptions).median[0])
    if client is None or mb_s < CLIENT_BOUND * client:
        return mb_s
    if link > client:
        found["client_mb_s"] = mb_s
        return mb_s if mb_s > client else None
    return mb_s


def _pulled(
    seconds: float,
    link: float | None,
    offers: Offers,
    workload: Workload,
    assumptions: Assumptions,
    found: dict[str, float],
) -> float | None:
    """What a pull's whole time says; the link as it is known afterwards."""
    layers = layers_of(workload.payload, assumptions.coldstart_facts)
    if layers is None:
        return link
    believed_link = float(link_mb_s(offers, assumptions).median[0])
    believed_unpack = float(unpack_mb_s(offers, assumptions).median[0])

    def takes(link_mb: float, unpack_mb: float) -> tuple[float, float]:
        hosts = hosts_of(
            offers, assumptions.coldstart_facts, np.array([link_mb]), np.array([unpack_mb])
        )
        there, whole = totals(layers, hosts, assumptions.coldstart_facts.engine)
        return float(there[0]), float(whole[0])

    download, whole = takes(link or believed_link, believed_unpack)
    if seconds < CACHED_BELOW * whole:
        return link
    if link is None and download > BY_DOWNLOAD * whole:
        return _solve(lambda speed: takes(speed, believed_unpack)[1], seconds)
    least = takes(link or believed_link, FASTEST)[1]
    # a pull that no unpacking held up says only that it is at least so fast
    found["unpack_mb_s"] = _solve(
        lambda speed: takes(link or believed_link, speed)[1], max(seconds, UNSEEN * least)
    )
    return link


def _solve(takes: Callable[[float], float], seconds: float) -> float:
    """The speed at which something takes so long; NaN where no speed explains it."""
    slow, fast = SLOWEST, FASTEST
    if not takes(fast) < seconds < takes(slow):
        return float("nan")
    for _ in range(50):
        middle = math.sqrt(slow * fast)
        if takes(middle) > seconds:
            slow = middle
        else:
            fast = middle
    return math.sqrt(slow * fast)
