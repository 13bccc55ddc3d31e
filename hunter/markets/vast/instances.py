"""Vast.ai's instance rows in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hunter.markets.protocol import Instance
from hunter.markets.records import Amount, Number, Size, Unread, Whole, unclear_instance
from hunter.markets.vast.places import place_of
from hunter.values.login import Login, login_at, port_of_digits
from hunter.values.offers import Tenancy
from hunter.values.units import usd_gb_from_usd_gib

if TYPE_CHECKING:
    from hunter.facts.shipped import Facts

FAILURES = {
    "manifest unknown": "image", "pull access denied": "image", "unauthorized": "image",
    "invalid reference format": "image", "toomanyrequests": "registry", "oci runtime": "host",
    "no space left": "host", "failed to": "host", "docker_build() error": "host",
}  # fmt: skip
"""Words in status_msg after which a start has not been seen to succeed, and whose fault that is."""


class Row(msgspec.Struct, kw_only=True):
    """An instance as the service sends it: of its fields those that we use."""

    id: Whole
    label: str | None = None
    actual_status: str | None = None
    cur_state: str | None = None
    intended_status: str | None = None
    status_msg: str | None = None
    is_bid: bool | None = None
    gpu_name: str | None = None
    gpu_ram: Size | None = None
    num_gpus: Whole | None = None
    dph_base: Amount | None = None
    storage_cost: Amount | None = None
    inet_down_cost: Amount | None = None
    inet_up_cost: Amount | None = None
    disk_space: Size | None = None
    machine_id: Whole | None = None
    host_id: Whole | None = None
    geolocation: Any = None
    start_date: Number | None = None
    uptime_mins: Number | None = None
    # ways in: whatever is odd in them makes no login, and hides nothing else
    public_ipaddr: Any = None
    ports: Any = None
    direct_port_count: Any = None
    ssh_host: Any = None
    ssh_port: Any = None


def instance_of(row: Row | dict[str, Any], facts: Facts) -> Instance:
    """One instance; whatever a row leaves out is unknown. msgspec.ValidationError where it is none."""
    if isinstance(row, dict):
        row = msgspec.convert(row, Row)
    state = state_of(row)
    market_gpu = row.gpu_name or "?"
    known = facts.gpu_of("vast", market_gpu, (row.gpu_ram or 0.0) / 1024)
    login = _login(row) if state == "running" else None
    return Instance(
        market="vast",
        instance_id=str(row.id),
        label=row.label,
        state=state,
        detail=(row.status_msg or "").strip(),
        tenancy=Tenancy.INTERRUPTIBLE if row.is_bid else Tenancy.ON_DEMAND,
        gpu=known.name if known else market_gpu,
        gpu_count=row.num_gpus or 1,
        price_usd_h=row.dph_base,
        storage_usd_gb_month=row.storage_cost,
        storage_stopped_usd_gb_month=row.storage_cost,
        inet_down_usd_gb=_per_gb(row.inet_down_cost),
        inet_up_usd_gb=_per_gb(row.inet_up_cost),
        disk_gb=row.disk_space,
        machine_id=None if row.machine_id is None else str(row.machine_id),
        host_id=None if row.host_id is None else str(row.host_id),
        location=place_of(row.geolocation, facts)[0],
        created_at=row.start_date,
        running_s=_seconds(row.uptime_mins) if state == "running" else None,
        reachable=login is not None,
        login=login,
        fault=_fault(row) if state == "failed" else "",
        exited=row.actual_status == "exited" and row.cur_state == row.intended_status == "running",
    )


def unclear(row: Unread) -> Instance:
    """An instance whose row cannot be read: it may run, and it may be ours."""
    return unclear_instance("vast", row, label="label")


def state_of(row: Row | dict[str, Any]) -> str:
    """Our state of an instance, from Vast's four: container, contract, wish and schedule."""
    if isinstance(row, dict):
        row = msgspec.convert({"id": 0} | row, Row)
    actual, contract = row.actual_status, row.cur_state
    message = (row.status_msg or "").lower()
    if contract in ("unloaded", "destroyed"):
        return "gone"
    if actual in ("offline", "unknown"):
        return "offline"
    if contract == "stopped":
        return "stopped" if row.intended_status == "stopped" else "interrupted"
    if actual == "running":
        return "running"
    if actual in ("created", "loading"):
        if _fault(row):
            return "failed"
        return "starting" if "starting" in message or actual == "created" else "pulling"
    if actual == "exited":
        return "starting"  # read for a while after a start
    if actual in ("rebooting", "recycling"):
        return "starting"
    return "allocating"


def _fault(row: Row) -> str:
    """Whose fault it is that a start failed; empty where it did not."""
    message = (row.status_msg or "").lower()
    return next((whose for words, whose in FAILURES.items() if words in message), "")


def _login(row: Row) -> Login | None:
    """Straight to the host once its port is mapped; through the proxy where the host has no port of its own.

    The proxy's address is there from the create on and no sign of life. Addresses come with blanks around
    them, ports as text.
    """
    match row.ports, row.public_ipaddr:
        case {"22/tcp": [{"HostPort": port}, *_]}, str(address):
            return login_at(address.strip(), port_of_digits(port))
    if row.direct_port_count == 0 and isinstance(row.ssh_host, str):
        return login_at(row.ssh_host.strip(), port_of_digits(row.ssh_port))
    return None


def _seconds(minutes: float | None) -> float | None:
    return None if minutes is None else max(0.0, minutes * 60.0)


def _per_gb(usd_gib: float | None) -> float | None:
    return None if usd_gib is None else usd_gb_from_usd_gib(usd_gib)
