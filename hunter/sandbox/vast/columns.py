"""Vast's view of the embedded market's offers: every field as a column, rows as the service sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hunter.sandbox.chance import uniform
from hunter.sandbox.machines import GIB_PER_TB

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hunter.sandbox.world import Asks, World
    from hunter.values.units import Floats

MONTH_H = 720.0
Columns = dict[str, Any]


def columns(world: World, asks: Asks, now: float) -> Columns:
    """Every searchable field of the offers of one moment, before a search's own disk is priced in."""
    m, i, n = world.machines, asks.machine, asks.size
    gpu = m.gpu[i]

    def of(key: str) -> Floats:
        return np.array([float(facts[key]) for facts in world.gpu_facts])[gpu]

    frac = n / m.gpus[i]
    driver = np.array([520, 535, 550, 560, 570, 580])[
        np.searchsorted([12.0, 12.3, 12.5, 12.7, 12.9], m.cuda[i], side="right")
    ]
    return {
        "id": asks.ask_id,
        "ask_contract_id": asks.ask_id,
        "machine": i,
        "machine_id": m.machine_id[i],
        "host_id": m.host_id[i],
        "num_gpus": n,
        "gpu_frac": frac,
        "gpu_name": np.array(world.gpu_names)[gpu],
        "gpu_ram": of("mib"),
        "gpu_total_ram": of("mib") * n,
        "compute_cap": of("cc"),
        "cuda_max_good": m.cuda[i],
        "driver_vers": driver * 1_000_000 + 54_014,
        "dlperf": of("dlperf") * n,
        "total_flops": of("tflops") * n,
        "gpu_mem_bw": of("gb_s") * 0.92,
        "bw_nvlink": np.where(of("cc") % 100 == 0, 450.0, 0.0),
        "gpu_max_power": of("watt"),
        "pcie_bw": np.where(uniform(world.seed, i, 61) < 0.08, 3.0, 22.0),
        "pci_gen": np.where(m.datacenter[i], 5.0, 4.0),
        "gpu_lanes": np.where(uniform(world.seed, i, 61) < 0.08, 4, 16),
        "cpu_cores": m.cpu_cores[i],
        "cpu_cores_effective": m.cpu_cores[i] * frac,
        "cpu_ghz": 2.2 + 1.6 * np.round(uniform(world.seed, i, 62), 1),
        "cpu_ram": m.ram_mb[i],
        "disk_space": np.round(m.disk_gb[i] * frac, 4),
        "disk_bw": np.round(m.disk_mb_s[i], 1),
    } | _terms(world, asks, now)


def _terms(world: World, asks: Asks, now: float) -> Columns:
    """Network, prices, trust and time of the same offers."""
    m, i, n = world.machines, asks.machine, asks.size
    places = np.array(world.places)[m.place[i]]
    return {
        "inet_down": np.round(m.down_mbps[i], 1),
        "inet_up": np.round(m.up_mbps[i], 1),
        "inet_down_cost": m.down_usd_gib[i],
        "inet_up_cost": m.up_usd_gib[i],
        "storage_cost": m.storage_usd_gb_month[i],
        "price_usd_h": asks.price_usd_h,
        "min_bid": asks.floor_usd_h,
        "reliability": np.round(m.reliability[i], 7),
        "verified": m.verified[i],
        "verification": np.where(m.verified[i], "verified", "unverified"),
        "vericode": m.verified[i].astype(np.int64),
        "hosting_type": m.datacenter[i].astype(np.int64),
        "datacenter": m.datacenter[i],
        "geolocation": places,
        "country": np.array([place.rpartition(", ")[2] for place in world.places])[m.place[i]],
        "end_date": asks.end_at,
        "duration": asks.end_at - now,
        "direct_port_count": direct_ports(world, i),
        "static_ip": m.datacenter[i],
        "rentable": np.ones(len(i), dtype=np.bool_),
        "rented": np.zeros(len(i), dtype=np.bool_),
        "external": np.zeros(len(i), dtype=np.bool_),
        "vms_enabled": m.datacenter[i] & (m.gpus[i] == n),
        "gpu_display_active": np.zeros(len(i), dtype=np.bool_),
        "has_avx": np.ones(len(i), dtype=np.int64),
    }


def direct_ports(world: World, machine: Any) -> NDArray[np.int64]:
    """Ports of machines that are reached from outside; none where all goes through the vendor's proxy."""
    share = world.facts["vast"]["no_direct_ports_share"]
    few = 10 + (uniform(world.seed, machine, 63) * 400).astype(np.int64)
    closed = uniform(world.seed, machine, 64) < share
    found: NDArray[np.int64] = np.where(closed, 0, few)
    return found


def priced(known: Columns, disk_gb: float, *, bid: bool) -> Columns:
    """The same columns with what depends on a search: its disk, and whether it asks for bids."""
    base = known["min_bid"] if bid else known["price_usd_h"]
    storage = known["storage_cost"] * disk_gb / MONTH_H
    total = base + storage
    return known | {
        "dph_base": base,
        "storage_total_cost": storage,
        "dph_total": total,
        "dph_total_adj": total + known["inet_up_cost"] + known["inet_down_cost"],
        "dlperf_per_dphtotal": known["dlperf"] / total,
        "flops_per_dphtotal": known["total_flops"] / total,
        "score": known["dlperf"] / total * known["reliability"] ** 4,
    }


_PLAIN = tuple(
    """
    id ask_contract_id machine_id host_id num_gpus gpu_frac gpu_name gpu_ram gpu_total_ram compute_cap
    cuda_max_good driver_vers dlperf total_flops gpu_mem_bw gpu_max_power pcie_bw pci_gen gpu_lanes
    cpu_cores cpu_cores_effective cpu_ghz cpu_ram disk_space disk_bw inet_down inet_up inet_down_cost
    inet_up_cost storage_cost min_bid reliability verification vericode hosting_type geolocation
    end_date duration direct_port_count static_ip rentable rented external vms_enabled bw_nvlink
    gpu_display_active has_avx dph_base storage_total_cost dph_total dph_total_adj dlperf_per_dphtotal
    flops_per_dphtotal score
    """.split()  # noqa: SIM905  sixty names are read more easily so
)


def rows(shown: Columns, index: NDArray[Any], *, bid: bool) -> list[dict[str, Any]]:
    """These offers as the service sends them, all keys of a recorded offer included."""
    picked = {name: shown[name][index].tolist() for name in _PLAIN}
    return [_row({name: picked[name][k] for name in _PLAIN}, bid=bid) for k in range(len(index))]


def _row(row: dict[str, Any], *, bid: bool) -> dict[str, Any]:
    ask, machine, total = row["id"], row["machine_id"], row["dph_total"]
    storage = row["storage_total_cost"]
    major = row["driver_vers"] // 1_000_000
    row |= {
        "bundle_id": (machine * 2_654_435_761 + row["num_gpus"]) % 2_000_000_000,
        "bundled_results": None,
        "cpu_arch": "amd64",
        "cpu_name": "AMD EPYC 7763 64-Core Processor"
        if row["hosting_type"]
        else "AMD Ryzen 9 7950X",
        "credit_discount_max": 0.4,
        "discount_rate": 0.0,
        "discounted_dph_total": total,
        "discounted_hourly": 0.0,
        "disk_name": "Samsung SSD 990 PRO" if machine % 2 else "INTEL SSDPE2KX080T8",
        "driver_version": f"{major}.54.14",
        "expected_reliability": row["reliability"],
        "geolocode": sum(map(ord, row["geolocation"])) * 7919 % 2_000_000_000,
        "gpu_arch": "nvidia",
        "gpu_ids": [machine * 16 + k for k in range(row["num_gpus"])],
        "gpu_max_temp": 83.0,
        "hostname": None,
        "instance": _cost(0.0, storage),
        "internet_down_cost_per_tb": row["inet_down_cost"] * GIB_PER_TB,
        "internet_up_cost_per_tb": row["inet_up_cost"] * GIB_PER_TB,
        "is_bid": bid,
        "is_vm_deverified": False,
        "logo": "/static/logos/vastai_small2.png",
        "mobo_name": "H12SSL",
        "os_version": "22.04",
        "public_ipaddr": f"203.0.113.{machine % 250 + 1}",
        "reliability2": row["reliability"],
        "reliability_mult": row["reliability"] ** 4,
        "resource_type": "gpu",
        "rn": ask % 97,
        "search": _cost(row["dph_base"], storage),
        "start_date": row["end_date"] - 86400.0 * 30,
        "time_remaining": "",
        "time_remaining_isbid": "",
        "verified": row["verification"] == "verified",
        "vram_costperhour": row["dph_base"] / (row["gpu_total_ram"] / 1024),
        "webpage": None,
        "cluster_id": None,
        "avail_vol_ask_id": ask + 1,
        "avail_vol_dph": row["storage_cost"] / MONTH_H,
        "avail_vol_size": int(row["disk_space"]),
    }
    for name in ("gpu_ram", "gpu_total_ram", "compute_cap"):
        row[name] = int(row[name])
    return row


def _cost(gpu: float, disk: float) -> dict[str, float]:
    total = gpu + disk
    return {
        "gpuCostPerHour": gpu,
        "diskHour": disk,
        "totalHour": total,
        "discountTotalHour": 0.0,
        "discountedTotalPerHour": total,
    }
