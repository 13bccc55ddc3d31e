"""An order as each of RunPod's interfaces wants it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hunter.markets.guard import Carrier, go_without, with_guard
from hunter.markets.runpod.ports import runpod_ports
from hunter.markets.runpod.wire import COMMUNITY, SECURE

if TYPE_CHECKING:
    from hunter.markets.protocol import Order


COMMAND_MOST = 32768
"""Characters of a command; no limit is documented, and all of the environment together may have so many."""


def carrier(base_url: str) -> Carrier:
    """What a pod's command can carry."""
    own = ("RUNPOD_POD_ID", "RUNPOD_API_KEY")
    return Carrier(market="runpod", base_url=base_url, own=own, most=COMMAND_MOST)


def guarded_words(order: Order, script: str, base_url: str) -> list[str] | None:
    """What the image's entrypoint is given where the dead-man switch goes along; None where it does not.

    A pod's command takes the place of the image's own, which nobody knows here: only a workload that states
    a command of its own can carry the switch. Words that begin with a dash are arguments of the image's
    entrypoint, and no command.
    """
    command = (order.command or "").strip()
    if not command or command.startswith("-"):
        what = "arguments for the image's own command" if command else "no command of its own"
        go_without(order, f"on RunPod it goes before the command, and the workload has {what}")
        return None
    text = with_guard(order, script, carrier(base_url))
    return None if text is None else ["sh", "-c", text]


def graphql_input(order: Order, words: list[str] | None = None) -> dict[str, Any]:
    """GraphQL's input. Cloud and place are always stated: left open, a dearer cloud may be taken.

    `words` stand in the place of the order's command, as the JSON that RunPod takes for it.
    """
    offer = order.offer
    cloud = SECURE if offer.datacenter else COMMUNITY
    wish: dict[str, Any] = {
        "name": order.label,
        "imageName": order.image,
        "cloudType": cloud.upper(),
        "gpuTypeId": offer.market_gpu,
        "gpuCount": offer.gpu_count,
        "containerDiskInGb": round(order.disk_gb),
        "volumeInGb": 0,
        "dockerArgs": json.dumps({"cmd": words}) if words else order.command or "",
        "ports": ",".join(runpod_ports(order.ports)),
        "startSsh": True,
        "supportPublicIp": True,
        "env": [{"key": key, "value": value} for key, value in order.env.items()],
    }
    if offer.location:
        wish["dataCenterId" if cloud == SECURE else "countryCode"] = offer.location
    if order.bid_usd_h is not None:  # bids are a GPU, the floor we were told is the pod's
        wish["bidPerGpu"] = order.bid_usd_h / offer.gpu_count
    return wish


def rest_input(order: Order, words: list[str] | None = None) -> dict[str, Any]:
    """The body of a REST create; `words` stand in the place of the order's command."""
    offer = order.offer
    wish: dict[str, Any] = {
        "name": order.label,
        "image": order.image,
        "gpu": {"id": offer.market_gpu, "count": offer.gpu_count},
        "cloud": (SECURE if offer.datacenter else COMMUNITY).upper(),
        "disk": round(order.disk_gb),
        "ports": runpod_ports(order.ports),
        "env": dict(order.env),
    }
    if words:
        wish["cmd"] = words
    elif order.command:
        wish["args"] = order.command
    if offer.location and offer.datacenter:
        wish["dataCenterIds"] = [offer.location]
    return wish
