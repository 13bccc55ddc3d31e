"""Vast.ai's records as they travel, and what they mean in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np

from hunter.markets.plausible import NOTHING
from hunter.markets.records import Number, Rows, Unread, Whole, decode, records
from hunter.markets.vast.places import place_of
from hunter.values.columns import Offers, Text
from hunter.values.offers import Tenancy
from hunter.values.units import usd_gb_from_usd_gib

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.facts.shipped import Facts

MIB_PER_NOMINAL_GB = 1024.0
"""Memory is printed on boxes in binary gigabytes; drivers report a little less, in MiB."""


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
VERIFIED = {"verified": 1.0, "unverified": 0.0, "deverified": 0.0}


class Ask(msgspec.Struct, kw_only=True):
    """One offer. Every field that has been seen in a recorded offer is declared, so that none is lost."""

    id: Whole
    machine_id: Whole | None = None
    host_id: Whole | None = None
    num_gpus: Whole
    gpu_name: Name
    gpu_ram: Number
    dph_base: Number
    dph_total: Number | None = None
    gpu_frac: Number | None = None
    cpu_cores: Number | None = None
    cpu_cores_effective: Number | None = None
    cpu_ram: Number | None = None
    disk_space: Number | None = None
    disk_bw: Number | None = None
    cuda_max_good: Number | None = None
    compute_cap: Number | None = None
    pcie_bw: Number | None = None
    dlperf: Number | None = None
    inet_down: Number | None = None
    inet_up: Number | None = None
    inet_down_cost: Number | None = None
    inet_up_cost: Number | None = None
    storage_cost: Number | None = None
    min_bid: Number | None = None
    reliability2: Number | None = None
    reliability: Number | None = None
    verification: str | None = None
    hosting_type: Whole | None = None
    geolocation: Any = None
    """Text; anything else is no place, and no fault of the offer's."""
    duration: Number | None = None
    rentable: bool | None = None
    is_bid: bool | None = None
    # carried for completeness; nothing is computed from them
    ask_contract_id: Any = None
    avail_vol_ask_id: Any = None
    avail_vol_dph: Any = None
    avail_vol_size: Any = None
    bundle_id: Any = None
    bundled_results: Any = None
    bw_nvlink: Any = None
    cluster_id: Any = None
    cpu_arch: Any = None
    cpu_ghz: Any = None
    cpu_name: Any = None
    credit_discount_max: Any = None
    direct_port_count: Any = None
    discount_rate: Any = None
    discounted_dph_total: Any = None
    discounted_hourly: Any = None
    disk_name: Any = None
    dlperf_per_dphtotal: Any = None
    dph_total_adj: Any = None
    driver_vers: Any = None
    driver_version: Any = None
    end_date: Any = None
    expected_reliability: Any = None
    external: Any = None
    flops_per_dphtotal: Any = None
    geolocode: Any = None
    gpu_arch: Any = None
    gpu_display_active: Any = None
    gpu_ids: Any = None
    gpu_lanes: Any = None
    gpu_max_power: Any = None
    gpu_max_temp: Any = None
    gpu_mem_bw: Any = None
    gpu_total_ram: Any = None
    has_avx: Any = None
    hostname: Any = None
    instance: Any = None
    internet_down_cost_per_tb: Any = None
    internet_up_cost_per_tb: Any = None
    is_vm_deverified: Any = None
    logo: Any = None
    mobo_name: Any = None
    nw_disk_avg_bw: Any = None
    nw_disk_max_bw: Any = None
    nw_disk_min_bw: Any = None
    os_version: Any = None
    pci_gen: Any = None
    public_ipaddr: Any = None
    reliability_mult: Any = None
    rented: Any = None
    resource_type: Any = None
    rn: Any = None
    score: Any = None
    search: Any = None
    start_date: Any = None
    static_ip: Any = None
    storage_total_cost: Any = None
    time_remaining: Any = None
    time_remaining_isbid: Any = None
    total_flops: Any = None
    vericode: Any = None
    verified: Any = None
    vms_enabled: Any = None
    vram_costperhour: Any = None
    webpage: Any = None


class Page(msgspec.Struct):
    """The reply to a search, its records unread."""

    offers: Rows


class Searched(msgspec.Struct, frozen=True, kw_only=True):
    """What one search brought."""

    asks: list[Ask]
    unread: list[Unread]
    """Records that cannot be read."""
    rows: int
    """Of both kinds."""
    dearest: float | None
    """The highest `dph_total` of any row, read or not; None where none states one."""
    furthest: int | None
    """The highest `machine_id` of any row."""


def parse_asks(body: bytes) -> Searched:
    """The records of a reply, each read by itself; ValueError where the reply itself is broken."""
    raws = decode(body, Page).offers
    asks, unread = records(raws, Ask)
    prices = [ask.dph_total for ask in asks] + [row.field("dph_total") for row in unread]
    machines = [ask.machine_id for ask in asks] + [row.field("machine_id") for row in unread]
    return Searched(
        asks=asks,
        unread=unread,
        rows=len(raws),
        dearest=max((float(p) for p in prices if _can_be(p)), default=None),
        furthest=max((int(m) for m in machines if _can_be(m)), default=None),
    )


def _can_be(value: Any) -> bool:
    """Whether something is a number that a search can go on from."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e15


def columns(asks: Sequence[Ask], facts: Facts, seen_at: float, *, bids: bool) -> Offers:
    """Asks as our offers, on demand or, with `bids`, at the lowest bid that each accepts.

    Traffic prices are converted from the GiB of Vast's meter to GB. `cpu_ram` is taken as the whole
    machine's, of which an offer gets the share of its cores: unconfirmed, as the vendor does not say.
    """
    chosen = [ask for ask in asks if not bids or ask.min_bid is not None]

    def numbers(name: str, factor: float = 1.0) -> Any:
        values = [getattr(ask, name) for ask in chosen]
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64) * factor

    n = len(chosen)
    gpus = [_gpu(ask, facts) for ask in chosen]
    places = [place_of(ask.geolocation, facts) for ask in chosen]
    base, floor = numbers("dph_base"), numbers("min_bid")
    storage = numbers("storage_cost")
    cores, effective = numbers("cpu_cores"), numbers("cpu_cores_effective")
    ram_gb = numbers("cpu_ram", 1 / 1000) * effective / np.where(cores > NOTHING, cores, np.nan)
    tenancy = Tenancy.INTERRUPTIBLE if bids else Tenancy.ON_DEMAND
    verified = [VERIFIED.get(ask.verification or "", np.nan) for ask in chosen]
    reliability = numbers("reliability2")
    return Offers.from_columns({
        "market": Text.of(["vast"] * n),
        "offer_id": Text.of(str(ask.id) for ask in chosen),
        "machine_id": Text.of(_text(ask.machine_id) for ask in chosen),
        "host_id": Text.of(_text(ask.host_id) for ask in chosen),
        "tenancy": Text.of([tenancy.value] * n),
        "gpu": Text.of(name for name, _ in gpus),
        "market_gpu": Text.of(ask.gpu_name for ask in chosen),
        "location": Text.of(place[0] for place in places),
        "country": Text.of(place[1] for place in places),
        "region": Text.of(place[2] for place in places),
        "stock": Text.of([None] * n),
        "verified": np.array(verified, dtype=np.float64),
        "datacenter": numbers("hosting_type"),
        "gpu_count": numbers("num_gpus"),
        "vram_gb": np.array([vram for _, vram in gpus], dtype=np.float64),
        "gpu_frac": numbers("gpu_frac"),
        "cpu_cores": effective,
        "ram_gb": ram_gb,
        "disk_gb": numbers("disk_space"),
        "disk_mb_s": numbers("disk_bw"),
        "cuda": numbers("cuda_max_good"),
        "compute_cap": numbers("compute_cap", 0.01),
        "pcie_gb_s": numbers("pcie_bw"),
        "dlperf": numbers("dlperf"),
        "inet_down_mbps": numbers("inet_down"),
        "inet_up_mbps": numbers("inet_up"),
        "price_usd_h": floor if bids else base,
        "on_demand_usd_h": base,
        "storage_usd_gb_month": storage,
        "storage_stopped_usd_gb_month": storage,  # the one invoice seen bills both alike
        "inet_down_usd_gb": usd_gb_from_usd_gib(1.0) * numbers("inet_down_cost"),
        "inet_up_usd_gb": usd_gb_from_usd_gib(1.0) * numbers("inet_up_cost"),
        "reliability": np.where(np.isnan(reliability), numbers("reliability"), reliability),
        "max_rental_h": numbers("duration", 1 / 3600),
        "seen_at": np.full(n, seen_at),
    })  # fmt: skip


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _gpu(ask: Ask, facts: Facts) -> tuple[str, float]:
    """Our name and nominal memory; the market's own name and a rounded size where we know neither."""
    size = ask.gpu_ram / MIB_PER_NOMINAL_GB
    known = facts.gpu_of("vast", ask.gpu_name, size)
    return (known.name, known.vram_gb) if known else (ask.gpu_name, float(round(size)))
