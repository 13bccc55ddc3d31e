"""An order as each of RunPod's interfaces wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hunter.markets.runpod.wire import COMMUNITY, SECURE

if TYPE_CHECKING:
    from hunter.markets.protocol import Order


def graphql_input(order: Order) -> dict[str, Any]:
    """GraphQL's input. Cloud and place are always stated: left open, a dearer cloud may be taken."""
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
        "dockerArgs": order.command or "",
        "ports": ",".join(["22/tcp", *(f"{port}/tcp" for port in order.ports)]),
        "startSsh": True,
        "supportPublicIp": True,
        "env": [{"key": key, "value": value} for key, value in order.env.items()],
    }
    if offer.location:
        wish["dataCenterId" if cloud == SECURE else "countryCode"] = offer.location
    if order.bid_usd_h is not None:  # bids are a GPU, the floor we were told is the pod's
        wish["bidPerGpu"] = order.bid_usd_h / offer.gpu_count
    return wish


def rest_input(order: Order) -> dict[str, Any]:
    """The body of a REST create."""
    offer = order.offer
    wish: dict[str, Any] = {
        "name": order.label,
        "image": order.image,
        "gpu": {"id": offer.market_gpu, "count": offer.gpu_count},
        "cloud": (SECURE if offer.datacenter else COMMUNITY).upper(),
        "disk": round(order.disk_gb),
        "ports": ["22/tcp", *(f"{port}/tcp" for port in order.ports)],
        "env": dict(order.env),
    }
    if order.command:
        wish["args"] = order.command
    if offer.location and offer.datacenter:
        wish["dataCenterIds"] = [offer.location]
    return wish
