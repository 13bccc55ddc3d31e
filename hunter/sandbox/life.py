"""How rentals live in the embedded market: the plan of a start, and what comes between.

A plan is drawn once, when a start is asked for, from the seed, the rental and the machine's hidden
truths. Time only carries it out: `advance` moves what is due from the plan into the history.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import log1p
from typing import TYPE_CHECKING, Any

from hunter.sandbox.chance import between, one
from hunter.sandbox.rental import Flow, Mark, Rental, Turn

if TYPE_CHECKING:
    from hunter.sandbox.faults import Faults

GB = 1e9
MB = 1e6
EXITS_AFTER_S = 120.0
DUDS = ("stuck", "container", "no-ssh", "vanishes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The hidden truths that one start depends on."""

    link_mbps: float
    unpack_mb_s: float
    write_mb_s: float
    parallel_unpack: bool
    cached_share: float
    boot_success: float
    failures_per_day: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What travels for an image, by the table of sample images."""

    compressed_gb: float
    unpacked_gb: float
    layers: int
    weights_gb: float
    hours: float
    egress_gb: float


def image_of(facts: dict[str, Any], ref: str) -> Image:
    """The image of a name: a sample's, or what an image usually is."""
    row = facts["images"].get(ref, facts["images"]["default"])
    return Image(**{field.name: row[field.name] for field in fields(Image)})


def plan_start(
    rental: Rental, at: float, host: Host, facts: dict[str, Any], seed: int, faults: Faults
) -> None:
    """Draw what a start at a time will be like, and replace whatever was planned.

    A first start pulls the image; a later one finds it on the disk.
    """
    hidden = facts["hidden"]
    rental.starts += 1
    n, start = rental.number, rental.starts

    def draw(key: int) -> float:
        return one(seed, n, start, key)

    image = image_of(facts, rental.image)
    alive = at + between(hidden["allocate_s"], draw(1))
    plan = [Turn(at, "allocating", "", "plan")]
    dud = draw(2) >= host.boot_success or faults.active("never-boot", rental.market)
    kind = DUDS[int(draw(3) * len(DUDS))]
    shows = alive + between(hidden["dud_shows_after_s"], draw(4))
    rental.reachable_at = None
    up = alive
    if start == 1:
        up = _pull(rental, plan, alive, image, host)
    if dud and kind == "stuck":
        message = "Error response from daemon: toomanyrequests: pull rate limit"
        plan = [*plan[:2], Turn(shows, "pulling", message, "plan")]
    elif dud and kind == "vanishes":
        plan = [*[turn for turn in plan if turn.at < shows], Turn(shows, "offline", "", "host")]
    elif "missing" in rental.image:
        message = f"manifest for {rental.image} not found: manifest unknown"
        plan = [*plan[:2], Turn(alive + 3, "pulling", message, "plan")]
    else:
        plan.append(Turn(up, "starting", "starting container", "plan"))
        runs = up + between(hidden["start_s"], draw(5))
        if dud and kind == "container":
            text = "Error response from daemon: failed to create task: OCI runtime create failed"
            plan.append(Turn(runs, "error", text, "plan"))
        else:
            plan.append(Turn(runs, "running", f"success, running {rental.image}/ssh", "plan"))
            if not dud:
                rental.reachable_at = runs + between(hidden["ssh_after_s"], draw(6))
            _live(rental, runs, image, host, hidden, draw)
    rental.plan = plan
    ends = _ends_at(rental, image, facts, faults)
    if ends is not None:
        cut(rental, ends, "exited", "container", f"Exited (0) {rental.image}")
    else:
        _host_failure(rental, at, host, draw)
    if faults.active("outbid", rental.market) and rental.bid_usd_h is not None:
        cut(rental, at + 600, "stopped", "outbid")


def _pull(rental: Rental, plan: list[Turn], begin: float, image: Image, host: Host) -> float:
    """The image travels and is unpacked, layer after layer; returns when it is there."""
    fetched = image.compressed_gb * (1 - host.cached_share) * GB
    unpacked = image.unpacked_gb * (1 - host.cached_share) * GB
    seconds = fetched / (host.link_mbps / 8 * MB)
    speed = min(host.unpack_mb_s * (2 if host.parallel_unpack else 1), host.write_mb_s) * MB
    unpack = unpacked / speed
    last = unpack / image.layers  # the last layer is unpacked after everything has come
    done = begin + max(seconds + last, unpack + seconds / image.layers) + 0.2 * image.layers
    plan.append(Turn(begin, "pulling", "pulling image", "plan"))
    for step in range(1, 5):
        when = begin + (done - begin) * step / 5
        digest = f"{(rental.number * 2654435761 + step * 40503) & 0xFFFFFFFFFFFF:012x}"
        word = "Download complete" if step < 3 else "Pull complete"
        plan.append(Turn(when, "pulling", f"{digest}: {word}", "plan"))
    rental.flows.append(Flow(begin, begin + seconds, fetched, 0.0, "image"))
    return done


def _live(
    rental: Rental, runs: float, image: Image, host: Host, hidden: dict[str, Any], draw: Any
) -> None:
    """What the container does by itself once it runs, as its log will tell."""
    booted = runs + between(hidden["boot_s"], draw(7))
    weights = image.weights_gb * GB
    loaded_from = booted + weights / (host.link_mbps / 8 * MB)
    loaded = loaded_from + image.weights_gb / between(hidden["load_gb_s"], draw(8))
    useful = loaded + between(hidden["warmup_s"], draw(9))
    rental.marks = [
        Mark(runs, "boot"),
        Mark(booted, "weights", weights),
        Mark(loaded_from, "load", weights),
        Mark(loaded, "warmup"),
        Mark(useful, "ready"),
    ]
    if weights:
        rental.flows.append(Flow(booted, loaded_from, weights, 0.0, "weights"))
    if image.egress_gb:
        end = useful + image.hours * 3600
        rental.flows.append(Flow(useful, end, 0.0, image.egress_gb * GB, "results"))


def _ends_at(rental: Rental, image: Image, facts: dict[str, Any], faults: Faults) -> float | None:
    """When the container ends by itself: Vast starts none again. None where it runs on."""
    runs = next((turn.at for turn in rental.plan if turn.state == "running"), None)
    if rental.market != "vast" or runs is None:
        return None
    if faults.active("exits", "vast"):
        return runs + EXITS_AFTER_S
    if rental.runtype == "args" and rental.image in facts["images"]:
        return rental.marks[-1].at + image.hours * 3600
    return None


def _host_failure(rental: Rental, at: float, host: Host, draw: Any) -> None:
    """Hosts drop now and then, and come back after a while."""
    days = -log1p(-draw(10)) / max(host.failures_per_day, 1e-6)
    when = at + days * 86400
    if any(turn.at > when for turn in rental.plan) or days > 30:
        return
    rental.plan.append(Turn(when, "offline", "", "host"))
    rental.plan.append(Turn(when + 600 + 7200 * draw(11), "running", "host is back", "host"))


def cut(rental: Rental, at: float, state: str, why: str, message: str = "") -> None:
    """End whatever is planned after a time, bytes included, with this state."""
    rental.plan = [turn for turn in rental.plan if turn.at < at]
    rental.plan.append(Turn(at, state, message, why))
    if state in ("stopped", "exited", "gone"):
        end_flows(rental, at)


def end_flows(rental: Rental, at: float) -> None:
    """Nothing passes any more after a time."""
    for flow in rental.flows:
        if flow.end > at > flow.begin:
            share = (at - flow.begin) / (flow.end - flow.begin)
            flow.bytes_in, flow.bytes_out, flow.end = (
                flow.bytes_in * share,
                flow.bytes_out * share,
                at,
            )
    rental.flows = [flow for flow in rental.flows if flow.begin < at]
    rental.marks = [mark for mark in rental.marks if mark.at < at]


def advance(rental: Rental, now: float) -> None:
    """Carry out what is due."""
    due = [turn for turn in rental.plan if turn.at <= now]
    if not due:
        return
    rental.plan = [turn for turn in rental.plan if turn.at > now]
    for turn in sorted(due, key=lambda turn: turn.at):
        rental.history.append(turn)
        if turn.state in ("stopped", "exited"):
            rental.reachable_at = None


def halt(rental: Rental, at: float, why: str) -> None:
    """Stop it at a time that has come."""
    cut(rental, at, "stopped", why)
    advance(rental, at)


def end(rental: Rental, at: float) -> None:
    """End it for good at a time that has come."""
    cut(rental, at, "gone", "user")
    advance(rental, at)
    rental.destroyed_at = at


def reachable(rental: Rental, now: float) -> bool:
    """Whether one can log in."""
    up = rental.reachable_at is not None and rental.reachable_at <= now
    return rental.state == "running" and up
