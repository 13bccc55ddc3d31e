"""The GPU and country tables in `data/`: unique, plausible, and complete for what the markets list."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hunter.facts.shipped import DATA, shipped
from hunter.values.gpus import Gpu
from tests.recorded import SHARED, needs_shared

FACTS = shipped()
GPUS = list(FACTS.gpus.values())


def table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def vast(name: str, mib: float) -> Gpu | None:
    return FACTS.gpu_of("vast", name, mib / 1024)


# ── the table itself ────────────────────────────────────────────────────────────────────────────
def test_every_model_has_a_name_of_its_own() -> None:
    names = [row["name"] for row in table("gpus.csv")]
    assert [name for name, n in Counter(names).items() if n > 1] == []
    assert all(name == name.strip() for name in names)


def test_a_market_name_and_a_memory_size_mean_one_model() -> None:
    seen = Counter(
        (market, name, gpu.vram_gb)
        for gpu in GPUS
        for market, facts in FACTS.markets.items()
        for name in facts.names_of(gpu.name)
    )
    assert [key for key, n in seen.items() if n > 1] == []


def test_memory_sizes_of_one_market_name_are_far_enough_apart_to_be_told_apart() -> None:
    sizes: dict[tuple[str, str], list[float]] = {}
    for gpu in GPUS:
        for market, facts in FACTS.markets.items():
            for name in facts.names_of(gpu.name):
                sizes.setdefault((market, name), []).append(gpu.vram_gb)
    for key, found in sizes.items():
        for smaller, larger in zip(sorted(found), sorted(found)[1:], strict=False):
            # Drivers report up to 7% less than is printed on the box, never more.
            assert larger * 0.93 > smaller, key


def test_every_row_names_its_source_and_a_date() -> None:
    for row in table("gpus.csv"):
        assert row["source"], row["name"]
        assert date(2010, 1, 1) <= date.fromisoformat(row["date"]) <= date(2026, 11, 24), row[
            "name"
        ]


def test_a_market_names_only_models_that_we_know_and_only_where_it_differs() -> None:
    for facts in FACTS.markets.values():
        assert set(facts.gpu_names) <= set(FACTS.gpus)
        assert [ours for ours, theirs in facts.gpu_names.items() if theirs in ((), (ours,))] == []


@pytest.mark.parametrize("gpu", GPUS, ids=lambda gpu: str(gpu.name))
def test_the_numbers_are_plausible(gpu: Gpu) -> None:
    assert gpu.vendor in {"NVIDIA", "AMD"}
    assert gpu.arch
    assert 2 <= gpu.vram_gb <= 512
    assert gpu.mem_bw_gb_s is None or 25 <= gpu.mem_bw_gb_s <= 10_000
    assert gpu.tdp_w is None or 40 <= gpu.tdp_w <= 1_500
    assert gpu.fp16_tflops is None or 10 <= gpu.fp16_tflops <= 3_000
    assert gpu.compute_cap is None or 3.0 <= gpu.compute_cap <= 13.0
    assert (gpu.compute_cap is None) == (gpu.vendor == "AMD")
    if gpu.fp8_tflops is not None:  # twice the FP16 rate on every architecture that has both
        assert gpu.fp16_tflops is not None
        assert gpu.fp8_tflops == pytest.approx(2 * gpu.fp16_tflops, rel=0.02)


def test_one_architecture_has_compute_capabilities_of_one_generation() -> None:
    generations = {
        "Pascal": {6},
        "Turing": {7},
        "Ampere": {8},
        "Ada": {8},
        "Hopper": {9},
        "Blackwell": {10, 12},
    }
    for gpu in GPUS:
        if gpu.arch in generations and gpu.compute_cap:
            assert int(gpu.compute_cap) in generations[gpu.arch], gpu.name


def test_rates_are_dense_and_accumulate_in_fp32() -> None:
    # Published with sparsity these would be twice, with FP16 accumulation GeForce would be twice as fast.
    published = {"RTX 3090": 71.0, "RTX 4090": 165.2, "RTX 5090": 209.5, "A100 SXM 80GB": 312.0,
                 "H100 SXM": 989.5, "L4": 121.0, "RTX A2000": 31.9, "A16": 17.9}  # fmt: skip
    assert {name: FACTS.gpus[name].fp16_tflops for name in published} == published


# ── sizes that drivers report ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("name", "mib", "nominal_gb"),
    [
        ("RTX 4090", 24564, 24), ("RTX 4090", 49140, 48), ("RTX 5090", 32607, 32),
        ("H100 SXM", 81559, 80), ("H100 NVL", 95830, 94), ("H200", 143771, 141),
        ("A40", 46068, 48), ("A40", 49140, 48), ("L40S", 46068, 48), ("RTX A6000", 46068, 48),
        ("Tesla V100", 16384, 16), ("Tesla V100", 32768, 32), ("B200", 183359, 180),
        ("A100 SXM4", 40960, 40), ("A100 SXM4", 81920, 80), ("A100 PCIE", 40960, 40),
        ("RTX A2000", 6138, 6), ("RTX A2000", 12288, 12), ("RTX 3080", 10240, 10),
        ("RTX 3080", 12288, 12), ("RTX 3080", 20480, 20), ("RTX 4060 Ti", 16380, 16),
        ("RTX 4060 Ti", 8188, 8), ("RTX PRO 6000 WS", 97887, 96), ("RTX 5070", 12227, 12),
        ("RTX 3060", 12288, 12), ("Titan V", 12288, 12), ("B300", 275040, 288),
    ],
)  # fmt: skip
def test_what_a_driver_reports_becomes_what_is_printed_on_the_box(
    name: str, mib: float, nominal_gb: float
) -> None:
    gpu = vast(name, mib)
    assert gpu is not None
    assert gpu.vram_gb == nominal_gb


def test_a_size_that_no_model_has_is_not_guessed() -> None:
    assert vast("RTX 4090", 12 * 1024) is None
    assert FACTS.gpu_of("vast", "RTX 9999", 24) is None
    assert FACTS.gpu_of("nowhere", "RTX 4090", 24) is None


# ── everything that was ever recorded is known ──────────────────────────────────────────────────
def gpu_types(document: Any) -> set[tuple[str, float]]:
    """Every RunPod GPU type in a reply: id and memory."""
    found: set[tuple[str, float]] = set()
    if isinstance(document, dict):
        if {"id", "displayName", "memoryInGb"} <= document.keys() and document["memoryInGb"]:
            found.add((document["id"], float(document["memoryInGb"])))
        for value in document.values():
            found |= gpu_types(value)
    elif isinstance(document, list):
        for value in document:
            found |= gpu_types(value)
    return found


@pytest.mark.parametrize(
    ("market", "reply"),
    [
        ("runpod", "runpod/payloads/gpu_types.json"),
        ("runpod", "runpod/payloads/gpu_types_and_data_centers.json"),
        ("vast", "vast/payloads/offers.json"),
    ],
)
def test_every_model_in_a_reply_is_known(market: str, reply: str) -> None:
    document = json.loads((Path(__file__).parents[1] / "markets" / reply).read_text())
    types = gpu_types(document) | {
        (row["gpu_name"], row["gpu_ram"] / 1024) for row in document.get("offers", [])
    }
    assert types
    assert {name for name, gb in types if FACTS.gpu_of(market, name, gb) is None} == set()


@needs_shared
def test_every_runpod_type_on_record_is_known() -> None:
    files = [
        *SHARED.glob("payloads/runpod_graphql*.json"),
        *SHARED.glob("data/history/runpod/*.json"),
    ]
    types = set[tuple[str, float]]()
    for file in files:
        types |= gpu_types(json.loads(file.read_text(encoding="utf-8")))
    assert len(types) >= 38
    assert [t for t in types if FACTS.gpu_of("runpod", *t) is None] == []


@needs_shared
def test_every_runpod_id_in_the_specification_is_known() -> None:
    text = (SHARED / "markets" / "runpod.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \| (\d+) \|", text, flags=re.M)
    ids = [(name, float(gb)) for name, gb in rows if name.startswith(("NVIDIA", "AMD", "Tesla"))]
    assert len(ids) >= 38
    assert [i for i in ids if FACTS.gpu_of("runpod", *i) is None] == []


@needs_shared
def test_every_recorded_vast_offer_is_known() -> None:
    offers = [
        json.loads(f.read_text(encoding="utf-8")) for f in SHARED.glob("payloads/vast_offer_*.json")
    ]
    assert offers
    for offer in offers:
        assert vast(offer["gpu_name"], offer["gpu_ram"]), offer["gpu_name"]


@needs_shared
def test_every_vast_model_of_the_catalogues_is_known() -> None:
    path = SHARED / "data/history/skypilot-catalog/vast_vms_snapshots.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = {
            (
                r["VastGpuName"].replace("_", " "),
                float(r["TotalGpuMemoryMiB"]) / float(r["AcceleratorCount"]),
            )
            for r in csv.DictReader(file)
        }
    assert len(rows) >= 30
    assert [row for row in rows if vast(*row) is None] == []


@needs_shared
def test_every_model_of_the_market_facts_is_known() -> None:
    text = (SHARED / "market-facts.md").read_text(encoding="utf-8").split("## RunPod")[0]
    rows = re.findall(r"^\| ([A-Z][^|(]+?) (\d+(?:/\d+)?) GB", text, flags=re.M)
    assert len(rows) >= 14
    for name, sizes in rows:
        market = re.sub(r" Ada$", "Ada", name)
        for size in sizes.split("/"):
            assert FACTS.gpu_of("vast", market, float(size)), (name, size)


# Vast's own list of the names that a query may use, less two cards that were never sold.
def test_every_model_name_that_the_vast_client_knows_is_known() -> None:
    query = pytest.importorskip("vastai.data.query", reason="the vastai package is not installed")
    names = {
        value
        for key, value in vars(query).items()
        if isinstance(value, str)
        and not key.startswith("_")
        and re.fullmatch(r"[A-Z].*\d.*", value)
    }
    known = {name for gpu in GPUS for name in FACTS.market("vast").names_of(gpu.name)}
    assert len(names) >= 100
    assert names - known <= {"RTX 4090 Ti", "RTX 5090 Ti", "RTX PRO 4000 Mobile"}


# ── countries ───────────────────────────────────────────────────────────────────────────────────
def test_the_249_countries_of_iso_3166_and_kosovo_have_a_continent() -> None:
    assert len(FACTS.countries) == len(table("countries.csv")) == 250
    assert "XK" in FACTS.countries  # not in ISO 3166, and yet what geolocation answers
    assert set(FACTS.countries.values()) == {"AF", "AN", "AS", "EU", "NA", "OC", "SA"}
    assert all(re.fullmatch("[A-Z]{2}", code) for code in FACTS.countries)


def test_every_country_is_found_by_its_code_and_its_name_but_for_one_that_is_a_state_too() -> None:
    rows = table("countries.csv")
    assert all(FACTS.country(row["country"].lower()) == row["country"] for row in rows)
    lost = {row["country"] for row in rows if FACTS.country(row["name"].upper()) != row["country"]}
    assert lost == {"GE"}
    assert [FACTS.country(text) for text in ("UK", "", "EU", "Texas", "  South   Korea ")] == [
        "GB", None, None, None, "KR",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [("USA", "US"), ("United States of America", "US"), ("Czech Republic", "CZ"), ("Viet Nam", "VN"),
     ("The Netherlands", "NL"), ("Republic of Korea", "KR"), ("deu", "DE"), ("Great Britain", "GB"),
     ("GEO", None), ("Sakartvelo", None)],
)  # fmt: skip
def test_a_country_has_more_names_than_one(text: str, code: str | None) -> None:
    assert FACTS.country(text) == code


def test_no_two_countries_share_a_name() -> None:
    named = Counter(
        name.casefold()
        for row in table("countries.csv")
        for name in (row["country"], row["name"], *row["also"].split("|"))
        if name
    )
    assert [name for name, n in named.items() if n > 1] == []


@pytest.mark.parametrize(
    ("country", "continent"),
    [("US", "NA"), ("DE", "EU"), ("GB", "EU"), ("CN", "AS"), ("BR", "SA"), ("AU", "OC"), ("ZA", "AF"),
     ("NA", "AF"), ("TR", "AS"), ("RU", "EU"), ("CY", "AS"), ("AQ", "AN"), ("IL", "AS"), ("GE", "AS")],
)  # fmt: skip
def test_a_country_is_where_it_is(country: str, continent: str) -> None:
    assert FACTS.countries[country] == continent
