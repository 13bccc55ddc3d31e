"""RunPod's pods in our words, as either interface describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hunter.markets.protocol import Instance
from hunter.markets.records import Amount, Size, Unread, Whole, unclear_instance
from hunter.values.login import Login, login_at
from hunter.values.offers import Tenancy

if TYPE_CHECKING:
    from hunter.facts.shipped import Facts
    from hunter.values.market_facts import MarketFacts


class Machine(msgspec.Struct):
    """Where a pod runs."""

    gpuDisplayName: str | None = None
    location: str | None = None


class Pod(msgspec.Struct, kw_only=True):
    """A pod over GraphQL."""

    id: str
    name: str | None = None
    desiredStatus: str | None = None
    costPerHr: Amount | None = None
    gpuCount: Whole | None = None
    containerDiskInGb: Size | None = None
    volumeInGb: Size | None = None
    podType: str | None = None
    machineId: str | None = None
    lastStatusChange: str | None = None
    machine: Machine | None = None
    runtime: Any = None
    """With the ways in: whatever is odd in it makes no login, and hides nothing else."""


class RestGpu(msgspec.Struct):
    """What a pod computes on."""

    id: str | None = None
    count: Whole | None = None


class RestPod(msgspec.Struct, kw_only=True):
    """A pod over REST."""

    id: str
    name: str | None = None
    status: str | None = None
    gpu: RestGpu | None = None
    cost: Amount | None = None
    disk: Size | None = None
    dataCenterId: str | None = None
    mounts: Any = None
    runtime: Any = None
    ssh: Any = None


def instance_of(pod: Pod | dict[str, Any], facts: Facts, market: MarketFacts) -> Instance:
    """A pod as GraphQL describes it. Its status says what is wanted; only `runtime` says what runs."""
    if isinstance(pod, dict):
        pod = msgspec.convert(pod, Pod)
    login = _login(pod.runtime)
    changed = pod.lastStatusChange or ""
    if pod.desiredStatus == "TERMINATED":
        state = "gone"
    elif pod.desiredStatus in ("EXITED", "PAUSED", "DEAD"):
        state = "stopped" if "user" in changed.lower() else "interrupted"
    else:
        state = "running" if pod.runtime else "pulling"
    machine = pod.machine or Machine()
    name = machine.gpuDisplayName or "?"
    known = next((gpu for gpu in facts.gpus if name in (gpu, *market.names_of(gpu))), name)
    bid = pod.podType in ("INTERRUPTABLE", "BID")
    return Instance(
        market="runpod",
        instance_id=pod.id,
        label=pod.name,
        state=state,
        detail=changed,
        tenancy=Tenancy.INTERRUPTIBLE if bid else Tenancy.ON_DEMAND,
        gpu=known,
        gpu_count=pod.gpuCount or 1,
        price_usd_h=pod.costPerHr or None,  # zero was seen for live pods: unknown
        storage_usd_gb_month=market.storage_usd_gb_month,
        storage_stopped_usd_gb_month=market.storage_stopped_usd_gb_month,
        inet_down_usd_gb=market.inet_usd_gb,
        inet_up_usd_gb=market.inet_usd_gb,
        disk_gb=(pod.containerDiskInGb or 0.0) + (pod.volumeInGb or 0.0),
        machine_id=pod.machineId,
        location=machine.location,
        reachable=login is not None,
        login=login,
    )


def rest_instance_of(pod: RestPod | dict[str, Any], facts: Facts, market: MarketFacts) -> Instance:
    """A pod as the REST interface describes it: RUNNING from the create on, so `runtime` decides."""
    if isinstance(pod, dict):
        pod = msgspec.convert(pod, RestPod)
    status, gpu = pod.status or "?", pod.gpu or RestGpu()
    login = _direct_login(pod.ssh)
    state = {"EXITED": "stopped", "ERROR": "failed", "TERMINATED": "gone"}.get(status)
    known = next((ours for ours in facts.gpus if gpu.id in market.names_of(ours)), None)
    return Instance(
        market="runpod",
        instance_id=pod.id,
        label=pod.name,
        state=state or ("running" if pod.runtime else "pulling"),
        detail=status,
        tenancy=Tenancy.ON_DEMAND,
        gpu=known or gpu.id or "?",
        gpu_count=gpu.count or 1,
        price_usd_h=pod.cost or None,
        storage_usd_gb_month=market.storage_usd_gb_month,
        storage_stopped_usd_gb_month=market.storage_stopped_usd_gb_month,
        inet_down_usd_gb=market.inet_usd_gb,
        inet_up_usd_gb=market.inet_usd_gb,
        disk_gb=(pod.disk or 0.0) + _volume_gb(pod.mounts),
        location=pod.dataCenterId,
        reachable=login is not None,
        login=login,
    )


def unclear(row: Unread) -> Instance:
    """A pod whose row cannot be read: it may run, and it may be ours."""
    return unclear_instance("runpod", row, label="name")


def _volume_gb(mounts: Any) -> float:
    match mounts:
        case {"persistent": {"size": int(size) | float(size)}} if 0 <= size <= 1e12:
            return float(size)
    return 0.0


def _login(runtime: Any) -> Login | None:
    """The first public port that leads to the container's 22 and can be one."""
    match runtime:
        case {"ports": [*ports]}:
            ways = (
                login_at(port.get("ip"), port.get("publicPort"))
                for port in ports
                if isinstance(port, dict)
                and port.get("privatePort") == 22
                and port.get("isIpPublic")
            )
            return next((login for login in ways if login is not None), None)
    return None


def _direct_login(ssh: Any) -> Login | None:
    match ssh:
        case {"direct": {"host": host, "port": port}}:
            return login_at(host, port)
    return None
