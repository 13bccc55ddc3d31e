"""Vast.ai's instance rows in our words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hunter.markets.protocol import Instance
from hunter.values.login import Login, login_at, port_of_digits
from hunter.values.offers import Tenancy
from hunter.values.units import usd_gb_from_usd_gib

if TYPE_CHECKING:
    from hunter.facts.shipped import Facts

FAILURES = (
    "manifest unknown", "pull access denied", "oci runtime", "toomanyrequests", "no space left",
    "failed to", "docker_build() error", "unauthorized", "invalid reference format",
)  # fmt: skip
"""Words in status_msg after which a start has not been seen to succeed."""


def instance_of(row: dict[str, Any], facts: Facts) -> Instance:
    """One instance; whatever a row leaves out is unknown."""
    state = state_of(row)
    market_gpu = str(row.get("gpu_name") or "?")
    known = facts.gpu_of("vast", market_gpu, float(row.get("gpu_ram") or 0) / 1024)
    storage = _number(row.get("storage_cost"))
    bid = bool(row.get("is_bid"))
    login = _login(row) if state == "running" else None
    return Instance(
        market="vast",
        instance_id=str(row["id"]),
        label=row.get("label"),
        state=state,
        detail=str(row.get("status_msg") or "").strip(),
        tenancy=Tenancy.INTERRUPTIBLE if bid else Tenancy.ON_DEMAND,
        gpu=known.name if known else market_gpu,
        gpu_count=int(row.get("num_gpus") or 1),
        price_usd_h=_number(row.get("dph_base")),
        storage_usd_gb_month=storage,
        storage_stopped_usd_gb_month=storage,
        inet_down_usd_gb=_per_gb(row.get("inet_down_cost")),
        inet_up_usd_gb=_per_gb(row.get("inet_up_cost")),
        disk_gb=_number(row.get("disk_space")),
        machine_id=None if row.get("machine_id") is None else str(row["machine_id"]),
        host_id=None if row.get("host_id") is None else str(row["host_id"]),
        location=row.get("geolocation"),
        created_at=_number(row.get("start_date")),
        running_s=_seconds(row.get("uptime_mins")) if state == "running" else None,
        reachable=login is not None,
        login=login,
    )


def state_of(row: dict[str, Any]) -> str:
    """Our state of an instance, from Vast's four: container, contract, wish and schedule."""
    actual, contract = row.get("actual_status"), row.get("cur_state")
    message = str(row.get("status_msg") or "").lower()
    broken = any(words in message for words in FAILURES)
    if contract in ("unloaded", "destroyed"):
        return "gone"
    if actual in ("offline", "unknown"):
        return "offline"
    if contract == "stopped":
        return "stopped" if row.get("intended_status") == "stopped" else "interrupted"
    if actual == "running":
        return "running"
    if actual in ("created", "loading"):
        if broken:
            return "failed"
        return "starting" if "starting" in message or actual == "created" else "pulling"
    if actual == "exited":
        return "starting"  # read for a while after a start
    if actual in ("rebooting", "recycling"):
        return "starting"
    return "allocating"


def _login(row: dict[str, Any]) -> Login | None:
    """Straight to the host once its port is mapped.

    The proxy's address is there from the create on and no sign of life, but the only way in where the
    host has no port of its own. Addresses come with blanks around them, ports as text.
    """
    match row:
        case {"public_ipaddr": str(address), "ports": {"22/tcp": [{"HostPort": port}, *_]}}:
            return login_at(address.strip(), port_of_digits(port))
        case {"direct_port_count": 0, "ssh_host": str(address), "ssh_port": port}:
            return login_at(address.strip(), port_of_digits(port))
    return None


def _number(value: Any) -> float | None:
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else None


def _seconds(minutes: Any) -> float | None:
    return None if minutes is None else float(minutes) * 60.0


def _per_gb(value: Any) -> float | None:
    return None if value is None else usd_gb_from_usd_gib(float(value))
