"""How to ship the weights: fetched at start, baked into one layer, or as layers of their own. Pure.

What each way costs on each market, and what has to move again when the code or one adapter changes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from hunter.cost.deals import rank
from hunter.cost.filters import Query
from hunter.estimate.coldstart import layers_of
from hunter.values.units import gb
from hunter.values.workload import Fetch, ImageLayer, Payload

if TYPE_CHECKING:
    from hunter.estimate.assumptions import Assumptions
    from hunter.values.coldstart_facts import ColdStartFacts
    from hunter.values.columns import Offers
    from hunter.values.workload import Workload

Way = Literal["fetch", "store", "baked", "layers"]
WAYS: dict[Way, str] = {
    "fetch": "fetch the weights at start, from where they are",
    "store": "fetch them at start from an object store near the host",
    "baked": "bake them into one layer above the code",
    "layers": "bake them as layers of their own, between runtime and code",
}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What moves again after a change, bytes: to the registry, and to a host that held the image before."""

    push: float
    pull: float


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One way on one market, on the offer that is best for it. None is unknown."""

    way: Way
    market: str
    offer: str
    cold_start_s: float | None
    cold_start_low_s: float | None
    cold_start_high_s: float | None
    cold_start_usd: float | None
    run_usd: float | None
    image_bytes: float
    fetched_bytes: float
    code: Change
    adapter: Change


def shipped_as(workload: Workload, way: Way, coldstart_facts: ColdStartFacts) -> Workload:
    """The workload with its weights shipped this way.

    Weights hardly pack, so a layer of them is as large on the wire as on the disk.
    """
    payload = workload.payload
    weights = payload.weights_bytes or 0.0
    if way == "fetch" or not weights:
        return workload
    if way == "store":
        stored = tuple(replace(fetch, kind="s3") for fetch in payload.fetches)
        return replace(workload, payload=replace(payload, fetches=stored))
    sizes = (
        [weights]
        if way == "baked"
        else _part_bytes(payload.fetches, coldstart_facts.plan.layer_bytes.expected)
    )
    above = tuple(
        ImageLayer(digest=None, compressed_bytes=size, unpacked_bytes=size) for size in sizes
    )
    base = _image_layers(payload, coldstart_facts)
    both = base + above if way == "baked" else (*base[:-1], *above, *base[-1:])
    baked = Payload(
        image_bytes=sum(layer.compressed_bytes for layer in both),
        image_unpacked_bytes=sum(layer.unpacked_bytes for layer in both),
        layers=both,
        baked_bytes=payload.baked_bytes + weights,
    )
    needed_gb = gb(baked.image_unpacked_bytes or 0.0)
    return replace(workload, payload=baked, weights=(), disk_gb=max(workload.disk_gb, needed_gb))


def parts(fetch: Fetch, most_bytes: float) -> list[list[tuple[str, float]]]:
    """Files put together into layers of at most so many bytes; a larger file is a layer of its own.

    No file can be parted: weights that are one file are one layer. Empty where the files are unknown.

    >>> fetch = Fetch(ref="hf:a/b", kind="huggingface", n_bytes=9, files=(("x", 5), ("y", 1), ("z", 3)))
    >>> parts(fetch, 4)
    [[('x', 5)], [('z', 3), ('y', 1)]]
    """
    found: list[list[tuple[str, float]]] = []
    for file in sorted(fetch.files, key=lambda file: -file[1]):
        room = (part for part in found if sum(size for _, size in part) + file[1] <= most_bytes)
        if (part := next(room, None)) is None:
            found.append([file])
        else:
            part.append(file)
    return found


def _part_bytes(fetches: tuple[Fetch, ...], most_bytes: float) -> list[float]:
    sizes: list[float] = []
    for fetch in fetches:
        known = [sum(size for _, size in part) for part in parts(fetch, most_bytes)]
        scale = (fetch.n_bytes or 0.0) / sum(known) if known else 0.0
        sizes += [size * scale for size in known] if known else [fetch.n_bytes or 0.0]
    return sizes


def _image_layers(payload: Payload, coldstart_facts: ColdStartFacts) -> tuple[ImageLayer, ...]:
    if payload.layers:
        return payload.layers
    columns = layers_of(payload, coldstart_facts)
    if columns is None:
        return ()
    return tuple(
        ImageLayer(digest=None, compressed_bytes=packed, unpacked_bytes=unpacked)
        for packed, unpacked in zip(
            columns.compressed_bytes.tolist(), columns.unpacked_bytes.tolist(), strict=True
        )
    )


def changes(workload: Workload, way: Way, coldstart_facts: ColdStartFacts) -> tuple[Change, Change]:
    """What moves again when the code changes, and when one adapter does.

    A registry takes equal layers once, wherever they stand; a host of the classic kind keeps them only
    from the base up to the first that differs (docs/coldstart.md). Weights that are fetched at start come
    again with every start whatever changes.
    """
    weights = workload.payload.weights_bytes or 0.0
    plan = coldstart_facts.plan
    code, adapter = plan.code_bytes.expected, plan.lora_bytes.expected
    if way in ("fetch", "store"):
        return Change(push=code, pull=code + weights), Change(push=adapter, pull=weights)
    if way == "baked":
        # the weights lie above the code: built again with it, and one adapter is the whole layer
        return (
            Change(push=code + weights, pull=code + weights),
            Change(push=weights, pull=weights),
        )
    # the adapter is the last of the weights' layers; only the code lies above it
    return Change(push=code, pull=code), Change(push=adapter, pull=adapter + code)


def plans(
    offers: Offers, workload: Workload, assumptions: Assumptions, now: float
) -> tuple[Plan, ...]:
    """Every way on every market where something fits, the cheapest run first within a market.

    Args:
        offers: what is for sale.
        workload: with known sizes.
        assumptions: rules, priors and what our launches taught.
        now: unix seconds.
    """
    found = []
    for way in WAYS:
        job = shipped_as(workload, way, assumptions.coldstart_facts)
        code, adapter = changes(workload, way, assumptions.coldstart_facts)
        for market in assumptions.rules:
            best = rank(offers, job, Query(market=market), assumptions, now, top=1)
            if not len(best):
                continue
            deal = best[0]
            found.append(
                Plan(
                    way=way,
                    market=market,
                    offer=deal.offer.ref,
                    cold_start_s=deal.cold_start_s,
                    cold_start_low_s=deal.cold_start_low_s,
                    cold_start_high_s=deal.cold_start_high_s,
                    cold_start_usd=deal.cold_start_usd,
                    run_usd=deal.run_usd,
                    image_bytes=job.payload.image_bytes or 0.0,
                    fetched_bytes=job.payload.weights_bytes or 0.0,
                    code=code,
                    adapter=adapter,
                )
            )
    order = {market: number for number, market in enumerate(assumptions.rules)}
    return tuple(sorted(found, key=lambda p: (order[p.market], p.run_usd or math.inf)))
