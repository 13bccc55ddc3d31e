"""Pods as RunPod's two interfaces describe them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hunter.sandbox.market import SandboxMarket
    from hunter.sandbox.rental import Rental
    from hunter.sandbox.runpod_stock import Stock

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
MACHINE_KNOWN_AFTER_S = 8.0
PORTS_AFTER_S = 4.0
UPTIME_STEP_S = 15.0


def pod_id(number: int, length: int = 14) -> str:
    """A contract's number as the service writes ids."""
    value = (number * 0x9E3779B97F4A7C15) % 36**length
    text = ""
    for _ in range(length):
        value, digit = divmod(value, 36)
        text += _DIGITS[digit]
    return text


def stamp(unix_s: float) -> str:
    """A time as RFC 3339."""
    return (
        datetime.fromtimestamp(unix_s, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def running_since(rental: Rental) -> float | None:
    """When the container began to run; None while it does not."""
    return rental.turn.at if rental.state == "running" else None


def _login_port(rental: Rental) -> int:
    return 20_000 + rental.number % 40_000


def _ip(rental: Rental) -> str:
    return f"213.173.{rental.machine % 250}.{rental.number % 250 + 1}"


def graphql_pod(market: SandboxMarket, stock: Stock, rental: Rental) -> dict[str, Any]:
    """A pod for GraphQL."""
    now, gpu = market.now(), stock.gpus[rental.gpu]
    identity = pod_id(rental.number)
    settled = now - rental.created_at >= MACHINE_KNOWN_AFTER_S
    stopped = rental.state in ("stopped", "offline")
    said = "Rented by User" if not stopped else (
        "Exited by user" if rental.turn.why == "user" else "Exited by Runpod"
    )  # fmt: skip
    started = max(
        (t.at for t in rental.history if t.state == "allocating"), default=rental.created_at
    )
    return {
        "id": identity,
        "name": rental.label or "",
        "imageName": rental.image,
        "machineId": pod_id(rental.machine, 12),
        "desiredStatus": "EXITED" if stopped else "RUNNING",
        "costPerHr": rental.bid_usd_h or rental.gpu_usd_h,
        "adjustedCostPerHr": rental.bid_usd_h or rental.gpu_usd_h,
        "gpuCount": rental.gpu_count,
        "vcpuCount": float(stock.facts["vcpu_per_gpu"] * rental.gpu_count),
        "memoryInGb": float(stock.facts["memory_gb_per_gpu"] * rental.gpu_count),
        "podType": "RESERVED" if rental.bid_usd_h is None else "INTERRUPTABLE",
        "interruptible": rental.bid_usd_h is not None,
        "lastStatusChange": f"{said}: {stamp(rental.turn.at)}",
        "lastStartedAt": stamp(started),
        "createdAt": stamp(rental.created_at + 0.006),
        "containerDiskInGb": round(rental.disk_gb),
        "volumeInGb": rental.volume_gb,
        "volumeMountPath": "/runpod-volume",
        "dockerArgs": rental.onstart,
        "dockerId": None,
        "env": [f"{key}={value}" for key, value in rental.env.items()],
        "port": None,
        "ports": rental.ports,
        "uptimeSeconds": 0,
        "templateId": None,
        "networkVolumeId": None,
        "runtime": _runtime(rental, now),
        "machine": {
            "podHostId": f"{identity}-{rental.machine & 0xFFFFFFFF:08x}",
            "gpuDisplayName": gpu["name"] if settled else None,
            "location": rental.place if settled else None,
            "dataCenterId": rental.place if settled and rental.cloud == "SECURE" else None,
        },
        "latestTelemetry": {
            "state": "running" if running_since(rental) else "created",
            "time": stamp(now),
        },
        "locked": False,
        "lowestBidPriceToResume": None,
        "costMultiplier": 1.0,
    }


def _runtime(rental: Rental, now: float) -> dict[str, Any] | None:
    since = running_since(rental)
    if since is None:
        return None
    ports = None
    if rental.reachable_at is not None and now >= max(rental.reachable_at, since + PORTS_AFTER_S):
        ports = [
            {"ip": _ip(rental), "isIpPublic": True, "privatePort": 22,
             "publicPort": _login_port(rental), "type": "tcp"}
        ]  # fmt: skip
    return {
        "uptimeInSeconds": int((now - since) // UPTIME_STEP_S * UPTIME_STEP_S),
        "ports": ports,
        "gpus": [
            {"id": f"GPU-{rental.machine:08x}-{k}", "gpuUtilPercent": 0, "memoryUtilPercent": 0}
            for k in range(rental.gpu_count)
        ],
        "container": {"cpuPercent": 0, "memoryPercent": 0},
    }


def v2_pod(market: SandboxMarket, rental: Rental) -> dict[str, Any]:
    """A pod for the second REST interface, whose status says RUNNING from the create on."""
    now, identity = market.now(), pod_id(rental.number)
    stopped = rental.state in ("stopped", "offline")
    status = "EXITED" if stopped else "ERROR" if rental.state == "error" else "RUNNING"
    up = market.reachable(rental)
    host, port = _ip(rental), _login_port(rental)
    direct = {
        "host": host,
        "port": port,
        "username": "root",
        "command": f"ssh root@{host} -p {port}",
    }
    proxy_user = f"{identity}-{rental.machine & 0xFFFFFFFF:08x}"
    proxy = {"host": "ssh.runpod.io", "port": 22, "username": proxy_user,
             "command": f"ssh {proxy_user}@ssh.runpod.io"}  # fmt: skip
    mounts: dict[str, Any] = {}
    if rental.volume_gb:
        mounts["persistent"] = {"size": round(rental.volume_gb), "path": "/workspace"}
    since = running_since(rental)
    runtime = None
    if since is not None:
        runtime = {
            "uptime": int(now - since),
            "gpus": [{"util": 0, "memoryUtil": 0}] * rental.gpu_count,
            "cpu": {"util": 0},
            "memory": {"util": 0},
            "ports": [{"private": 22, "public": port, "type": "tcp", "ip": host}] if up else [],
        }
    return {
        "id": identity,
        "name": rental.label or "",
        "image": rental.image,
        "args": rental.onstart or "",
        "disk": round(rental.disk_gb),
        "env": rental.env,
        "ports": [port for port in rental.ports.split(",") if port],
        "registry": None,
        "status": status,
        "actions": ["start", "terminate"] if stopped else ["stop", "restart", "terminate"],
        "mounts": mounts,
        "gpu": {"id": rental.gpu, "count": rental.gpu_count},
        "cloud": rental.cloud,
        "dataCenterId": rental.place if rental.cloud == "SECURE" else None,
        "cudaVersion": None,
        "ssh": {"proxy": proxy if since is not None else None, "direct": direct if up else None},
        "template": None,
        "cost": rental.bid_usd_h or rental.gpu_usd_h,
        "locked": False,
        "globalNetworking": {"enabled": False},
        "runtime": runtime,
        "createdAt": stamp(rental.created_at),
        "startedAt": None if since is None else stamp(since),
    }
