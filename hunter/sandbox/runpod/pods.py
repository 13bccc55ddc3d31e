"""Pods as RunPod's two interfaces describe them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hunter.sandbox.life import reachable

if TYPE_CHECKING:
    from hunter.sandbox.rental import Rental
    from hunter.sandbox.runpod.stock import Stock

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
MACHINE_KNOWN_AFTER_S = 8.0
PORTS_AFTER_S = 4.0
UPTIME_STEP_S = 15.0
"""The uptime is a cached reading: it was seen unchanged for 24 s."""
STARTED_BEFORE_S = 0.006
"""A recorded pod's start was stamped so long before its creation."""


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


def _spoken(unix_s: float) -> str:
    """A time as the service's own JavaScript writes it into texts."""
    moment = datetime.fromtimestamp(unix_s, UTC)
    return f"{moment:%a %b %d %Y %H:%M:%S} GMT+0000 (Coordinated Universal Time)"


def find_pod(rentals: list[Rental], identity: str) -> Rental | None:
    """The rental of a pod's id."""
    return next((r for r in rentals if pod_id(r.number) == identity), None)


def exited(rental: Rental) -> bool:
    """Whether the rental is stopped. A host that is down leaves it RUNNING, with nothing that runs."""
    return rental.state == "stopped"


def running_since(rental: Rental) -> float | None:
    """When the container began to run; None while it does not."""
    return rental.turn.at if rental.state == "running" else None


def started_at(rental: Rental) -> float:
    """When its GPUs were taken last: at the create or the latest resume."""
    return max(
        (turn.at for turn in rental.history if turn.state == "allocating"),
        default=rental.created_at,
    )


def _settled(rental: Rental, now: float) -> bool:
    return now - rental.created_at >= MACHINE_KNOWN_AFTER_S


def host_id(rental: Rental) -> str:
    """The pod on its host, which is also the user name at the ssh proxy."""
    return f"{pod_id(rental.number)}-{rental.machine & 0xFFFFFFFF:08x}"


def _exposed(rental: Rental, now: float) -> list[tuple[int, str, str, int]] | None:
    """Private port, protocol, address and public port of each port asked for; None for a while at first."""
    since = running_since(rental)
    if since is None or not reachable(rental, now) or now < since + PORTS_AFTER_S:
        return None
    public = f"213.173.{rental.machine % 250}.{rental.number % 250 + 1}"
    proxy = f"100.65.{rental.machine % 250}.{rental.number % 250 + 1}"
    found = []
    for i, wanted in enumerate(filter(None, rental.ports.split(","))):
        port, _, protocol = wanted.strip().partition("/")
        if port.isdigit():
            address = public if protocol == "tcp" else proxy
            found.append(
                (int(port), protocol or "tcp", address, 20_000 + (rental.number + 7 * i) % 40_000)
            )
    return found


# ── GraphQL ──────────────────────────────────────────────────────────────────────────────────


def graphql_pod(
    stock: Stock, rental: Rental, now: float, *, created: bool = False
) -> dict[str, Any]:
    """A pod for GraphQL.

    Args:
        stock: what is known of its model.
        rental: the pod.
        now: the market's time.
        created: whether this is the answer to the create, which names the host at once; queries
            do so only after some seconds.
    """
    vcpus, memory_gb = stock.share_of_host(stock.gpus[rental.gpu], rental.gpu_count)
    cost = rental.gpu_usd_h if rental.bid_usd_h is None else rental.bid_usd_h
    if stock.market.faults.active("zero-cost", "runpod") and not created:
        cost = 0.0
    interruptible = rental.bid_usd_h is not None
    return {
        "id": pod_id(rental.number),
        "name": rental.label or "",
        "imageName": rental.image,
        "machineId": pod_id(rental.machine, 12),
        "desiredStatus": "EXITED" if exited(rental) else "RUNNING",
        "costPerHr": cost,
        "adjustedCostPerHr": cost,
        "gpuCount": rental.gpu_count,
        "gpus": [{"id": name, "podId": pod_id(rental.number)} for name in _gpu_ids(rental)],
        "vcpuCount": float(vcpus),
        "memoryInGb": float(memory_gb),
        "podType": "INTERRUPTABLE" if interruptible else "RESERVED",
        "interruptible": interruptible,
        "lastStatusChange": _last_change(rental),
        "lastStartedAt": stamp(started_at(rental)),
        "createdAt": stamp(rental.created_at + STARTED_BEFORE_S),
        "containerDiskInGb": round(rental.disk_gb),
        "volumeInGb": rental.volume_gb,
        "volumeEncrypted": False,
        "volumeMountPath": rental.mount_path,
        "dockerArgs": rental.onstart,
        "env": [f"{key}={value}" for key, value in rental.env.items()],
        "ports": rental.ports,
        "uptimeSeconds": 0,
        "networkVolumeId": rental.network_volume or None,
        "templateId": rental.template,
        "containerRegistryAuthId": rental.registry or None,
        "runtime": _runtime(rental, now),
        "machine": _machine(stock, rental, now) if created or _settled(rental, now) else None,
        "latestTelemetry": {
            "state": "created" if running_since(rental) is None else "running",
            "time": stamp(now),
        },
        "locked": rental.locked,
        "costMultiplier": 1.0,
        "savingsPlans": [],
    }


def _machine(stock: Stock, rental: Rental, now: float) -> dict[str, Any]:
    if not _settled(rental, now):
        return {"podHostId": host_id(rental)}
    return {
        "podHostId": host_id(rental),
        "gpuDisplayName": stock.gpus[rental.gpu]["name"],
        "location": rental.place,
        "dataCenterId": rental.place if rental.cloud == "SECURE" else None,
    }


def _last_change(rental: Rental) -> str:
    if not exited(rental):
        return f"Rented by User: {_spoken(started_at(rental))}"
    who = "user" if rental.turn.why == "user" else "Runpod"
    return f"Exited by {who}: {_spoken(rental.turn.at)}"


def _gpu_ids(rental: Rental) -> list[str]:
    return [f"GPU-{rental.machine:08x}-{n}" for n in range(rental.gpu_count)]


def _runtime(rental: Rental, now: float) -> dict[str, Any] | None:
    since = running_since(rental)
    if since is None:
        return None
    exposed = _exposed(rental, now)
    ports = None
    if exposed is not None:
        ports = [
            {"ip": ip, "isIpPublic": protocol == "tcp", "privatePort": private,
             "publicPort": public, "type": protocol}
            for private, protocol, ip, public in exposed
        ]  # fmt: skip
    return {
        "uptimeInSeconds": int((now - since) // UPTIME_STEP_S * UPTIME_STEP_S),
        "ports": ports,
        "gpus": [{"id": i, "gpuUtilPercent": 0, "memoryUtilPercent": 0} for i in _gpu_ids(rental)],
        "container": {"cpuPercent": 0, "memoryPercent": 0},
    }


# ── the second REST interface ────────────────────────────────────────────────────────────────


def v2_status(rental: Rental) -> str:
    """RUNNING from the create on, whatever runs: measured, against the vendor's document."""
    return "EXITED" if exited(rental) else "ERROR" if rental.state == "error" else "RUNNING"


def v2_actions(rental: Rental) -> list[str]:
    """What may be asked for in its status."""
    if v2_status(rental) == "RUNNING":
        return ["stop", "restart", "terminate"]
    return ["start", "terminate"]


def v2_pod(rental: Rental, now: float) -> dict[str, Any]:
    """A pod for the second REST interface. Its cost stays what it was when it is stopped: measured."""
    mounts: dict[str, Any] = {}
    if rental.network_volume:
        mounts["network"] = [{"volumeId": rental.network_volume, "path": rental.mount_path}]
    elif rental.volume_gb:
        mounts["persistent"] = {"size": round(rental.volume_gb), "path": rental.mount_path}
    start = {"entrypoint": rental.entrypoint, "cmd": rental.args}
    return {name: words for name, words in start.items() if words} | {
        "id": pod_id(rental.number),
        "name": rental.label or "",
        "image": rental.image,
        "args": rental.onstart or "",
        "disk": round(rental.disk_gb),
        "env": rental.env,
        "ports": [port for port in rental.ports.split(",") if port],
        "registry": rental.registry or None,
        "status": v2_status(rental),
        "actions": v2_actions(rental),
        "mounts": mounts,
        "gpu": {"id": rental.gpu, "count": rental.gpu_count},
        "cloud": rental.cloud,
        "dataCenterId": rental.place if rental.cloud == "SECURE" else None,
        "cudaVersion": rental.cuda if _settled(rental, now) else None,
        "ssh": _v2_ssh(rental, now),
        "template": rental.template,
        "cost": rental.gpu_usd_h if rental.bid_usd_h is None else rental.bid_usd_h,
        "locked": rental.locked,
        "globalNetworking": {"enabled": False},
        "runtime": _v2_runtime(rental, now),
        "createdAt": stamp(rental.created_at + STARTED_BEFORE_S),
        "startedAt": stamp(started_at(rental)),
    }


def _v2_ssh(rental: Rental, now: float) -> dict[str, Any]:
    user, proxy, direct = host_id(rental), None, None
    if _settled(rental, now):
        proxy = {"host": "ssh.runpod.io", "port": 22, "username": user,
                 "command": f"ssh {user}@ssh.runpod.io"}  # fmt: skip
    for private, protocol, host, public in _exposed(rental, now) or []:
        if (private, protocol) == (22, "tcp"):
            direct = {"host": host, "port": public, "username": "root",
                      "command": f"ssh root@{host} -p {public}"}  # fmt: skip
    return {"proxy": proxy, "direct": direct}


def _v2_runtime(rental: Rental, now: float) -> dict[str, Any] | None:
    since = running_since(rental)
    if since is None:
        return None
    return {
        "uptime": int(now - since),
        "gpus": [{"util": 0, "memoryUtil": 0}] * rental.gpu_count,
        "cpu": {"util": 0},
        "memory": {"util": 0},
        "ports": [
            {"private": private, "public": public, "type": protocol, "ip": ip}
            for private, protocol, ip, public in _exposed(rental, now) or []
        ],
    }
