"""RunPod's records as they come over the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from hunter.facts.shipped import shipped
from hunter.markets.runpod.pods import instance_of
from hunter.markets.runpod.wire import Catalogue, GpuType, slug
from hunter.values.login import Login
from tests.recorded import recorded


def reply(name: str) -> Any:
    """A reply of ours, in the shape of the recorded ones."""
    return json.loads((Path(__file__).parent / "payloads" / name).read_text())["data"]


def lost(rows: list[Any]) -> list[Any]:
    """Models of which a field comes out otherwise than it went in."""
    kept = [msgspec.to_builtins(msgspec.convert(row, GpuType)) for row in rows]
    return [row for row, whole in zip(rows, kept, strict=True) if not row.items() <= whole.items()]


def test_no_field_of_the_catalogue_is_lost() -> None:
    rows = reply("gpu_types.json")["gpuTypes"]
    assert len(rows) == 4
    assert lost(rows) == []


def test_nulls_are_read_wherever_they_stand_and_are_no_prices() -> None:
    found = msgspec.convert(reply("gpu_types_and_data_centers.json"), Catalogue)
    lowest = [one.lowestPrice and one.lowestPrice.uninterruptablePrice for one in found.gpuTypes]
    assert lowest == [1.05, None, None]
    assert [len(center.gpuAvailability or ()) for center in found.dataCenters or ()] == [2, 0]


def test_no_field_of_the_recorded_catalogue_is_lost() -> None:
    rows = recorded("runpod_graphql_gpuTypes_2025-06-21.json")["gpuTypes"]
    assert len(rows) == 39
    assert lost(rows) == []


def test_the_recorded_reply_with_nulls_parses() -> None:
    document = recorded("runpod_graphql_gpuTypes_dataCenters_2026-08-15.json")
    assert len(msgspec.convert(document, Catalogue).gpuTypes) == 6


def test_a_pod_is_running_only_when_its_runtime_says_so() -> None:
    rules = shipped().market("runpod")
    pod = {"id": "p", "name": "n", "desiredStatus": "RUNNING", "costPerHr": 0.72, "gpuCount": 1,
           "machine": {"gpuDisplayName": "RTX 4090"}, "runtime": None}  # fmt: skip
    assert instance_of(pod, shipped(), rules).state == "pulling"
    up = pod | {"runtime": {"ports": None}}
    assert instance_of(up, shipped(), rules).state == "running"
    assert not instance_of(up, shipped(), rules).reachable
    port = {"ip": "1.2.3.4", "isIpPublic": True, "privatePort": 22, "publicPort": 35558}
    ready = pod | {"runtime": {"ports": [port]}}
    assert instance_of(ready, shipped(), rules).login == Login(host="1.2.3.4", port=35558)
    assert instance_of(pod | {"costPerHr": 0}, shipped(), rules).price_usd_h is None
    reclaimed = pod | {"desiredStatus": "EXITED", "lastStatusChange": "Exited by Runpod: x"}
    assert instance_of(reclaimed, shipped(), rules).state == "interrupted"


def test_ids_with_double_blanks_stay_apart() -> None:
    assert slug("NVIDIA  RTX A4500") != slug("NVIDIA RTX A4500")
