"""Vast's records in short."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def ask(number: int, dph: float = 0.3, **facts: Any) -> Row:
    plain = {
        "id": number, "machine_id": number, "host_id": 1, "num_gpus": 1, "gpu_name": "RTX 4090",
        "gpu_ram": 24564, "dph_base": dph, "dph_total": dph, "min_bid": dph / 2, "storage_cost": 0.15,
        "inet_down_cost": 0.002, "inet_up_cost": 0.002, "disk_space": 500.0, "inet_down": 800.0,
        "cpu_cores": 16, "cpu_cores_effective": 8.0, "cpu_ram": 64000, "reliability2": 0.99,
        "geolocation": "Ohio, US", "rentable": True, "duration": 86400.0, "verification": "verified",
    }  # fmt: skip
    return plain | facts
