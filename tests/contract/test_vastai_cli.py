"""The vendor's own command line and SDK against the sandbox, unmodified."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hunter.sandbox.server import Options, running
from hunter.sandbox.vast.columns import columns, priced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunter.sandbox.market import SandboxMarket

pytestmark = pytest.mark.contract
VASTAI = Path(sys.executable).with_name("vastai")
Row = dict[str, Any]


class Vastai:
    """Runs the command line in a home of its own."""

    def __init__(self, url: str, market: SandboxMarket, home: Path) -> None:
        self.market = market
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "VAST_URL": url, "CI": "1",
                    "VAST_API_KEY": "any", "COLUMNS": "200"}  # fmt: skip

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            [str(VASTAI), *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout or done.stderr

    def raw(self, *words: str) -> Any:
        return json.loads(self(*words, "--raw"))


@pytest.fixture(scope="module")
def vastai(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vastai]:
    # slow enough that an offer found by one command is still there for the next one
    with running(Options(offers=400, speed=10.0, seed=3)) as (url, market):
        yield Vastai(url, market, tmp_path_factory.mktemp("vastai"))


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vastai]:
    """A market in which no time passes, so that two looks see the same."""
    with running(Options(offers=400, speed=1e-6, seed=3)) as (url, market):
        yield Vastai(url, market, tmp_path_factory.mktemp("still"))


def dph(row: Row) -> float:
    return float(row["dph_total"])


QUERIES = {
    "num_gpus=1": lambda r: r["num_gpus"] == 1,
    "gpu_name=RTX_4090": lambda r: r["gpu_name"] == "RTX 4090",
    "gpu_name in [RTX_4090,RTX_3090] num_gpus>=2": lambda r: (
        r["gpu_name"] in ("RTX 4090", "RTX 3090") and r["num_gpus"] >= 2
    ),
    "gpu_ram>=40": lambda r: r["gpu_ram"] >= 40000,
    "dph<0.3 reliability>0.98": lambda r: r["dph_total"] < 0.3 and r["reliability"] > 0.98,
    "cuda_vers>=12.4 inet_down>500": lambda r: r["cuda_max_good"] >= 12.4 and r["inet_down"] > 500,
    "geolocation in [US,CA]": lambda r: r["geolocation"].rpartition(", ")[2] in ("US", "CA"),
    "duration>24": lambda r: r["duration"] > 24 * 86400,
    "verified=any datacenter=True": lambda r: r["hosting_type"] == 1,
    "disk_space>=200 inet_down_cost<=0.002": lambda r: (
        r["disk_space"] >= 200 and r["inet_down_cost"] <= 0.002
    ),
    "compute_cap>=890 gpu_frac=1": lambda r: r["compute_cap"] >= 890 and r["gpu_frac"] == 1,
    "storage_cost<0.2 min_bid<0.5": lambda r: r["storage_cost"] < 0.2 and r["min_bid"] < 0.5,
}


def test_searches_bring_what_their_filters_say_in_the_order_asked_for(still: Vastai) -> None:
    def search(query: str) -> tuple[str, list[Row]]:
        return query, still.raw("search", "offers", query, "-o", "dph+", "--limit", "64")

    with ThreadPoolExecutor(2) as pool:
        found = dict(pool.map(search, QUERIES))
    for query, rows in found.items():
        fits = QUERIES[query]
        verified = "verified=any" not in query
        assert rows, query
        assert [dph(r) for r in rows] == sorted(dph(r) for r in rows), query
        assert all(fits(r) and (r["verified"] or not verified) for r in rows), query
        assert len(rows) == min(64, _count(still.market, fits, verified=verified)), query


def _count(market: SandboxMarket, fits: Any, *, verified: bool) -> int:
    """How many offers fit, counted without the sandbox's own search."""
    with market.open() as page:
        now = market.now()
        known = priced(columns(market.world, market.asks(page), now), 5.0, bid=False)
    names = [name for name, column in known.items() if len(column) == len(known["id"])]
    rows = [{name: known[name][i] for name in names} for i in range(len(known["id"]))]
    return sum(
        bool(fits(row) and (row["verified"] or not verified) and row["disk_space"] >= 5.0)
        for row in rows
    )


def test_storage_is_priced_into_the_total(still: Vastai) -> None:
    [small] = still.raw("search", "offers", "num_gpus=1", "-o", "dph+", "--limit", "1")
    identity = f"ask_contract_id={small['id']}"
    [large] = still.raw("search", "offers", identity, "--storage", "50", "--limit", "1")
    # 45 GB more at storage_cost $/GB-month, 720 h a month
    assert dph(large) - dph(small) == pytest.approx(small["storage_cost"] * 45 / 720)


def test_a_search_for_bids_prices_the_floor(still: Vastai) -> None:
    rows = still.raw("search", "offers", "num_gpus=1", "--type", "bid", "--limit", "5")
    assert all(r["is_bid"] and r["dph_base"] == r["min_bid"] for r in rows)


def test_a_life_from_create_to_destroy(vastai: Vastai) -> None:
    # a data-centre host with a link that is alive: it boots, whatever the seed
    offers = vastai.raw(
        "search", "offers", "datacenter=True num_gpus=1 disk_space>100 duration>10", "-o", "dph+",
        "--type", "bid",
    )  # fmt: skip
    good = next(o for o in offers if _boots(vastai.market, o))
    bid = str(good["min_bid"] * 1.5)
    made = vastai.raw(
        "create", "instance", str(good["id"]), "--image", "example/image:1", "--disk", "30",
        "--bid_price", bid, "--label", "mine", "--ssh", "--direct",
    )  # fmt: skip
    assert made["success"] is True
    identity = str(made["new_contract"])

    [row] = vastai.raw("show", "instances")
    assert (row["id"], row["label"], row["is_bid"]) == (made["new_contract"], "mine", True)
    assert row["actual_status"] in (None, "loading", "running")
    assert vastai.raw("show", "instance", identity)["disk_space"] == 30

    assert "set to other" in vastai("label", "instance", identity, "other")
    assert "changed" in vastai("change", "bid", identity, "--price", str(good["min_bid"] * 2))
    assert vastai.raw("show", "instance", identity)["dph_base"] == pytest.approx(
        good["min_bid"] * 2
    )
    assert vastai("ssh-url", identity).startswith("ssh://root@")
    assert "example/image:1" in vastai("logs", identity)

    vastai("stop", "instance", identity)
    stopped = vastai.raw("show", "instance", identity)
    assert (stopped["cur_state"], stopped["intended_status"]) == ("stopped", "stopped")
    vastai("start", "instance", identity)
    assert vastai.raw("show", "instance", identity)["intended_status"] == "running"

    assert "destroying" in vastai("destroy", "instance", identity, "-y")
    assert vastai.raw("show", "instances") == []

    user = vastai.raw("show", "user")
    charges = vastai.raw("show", "invoices-v1", "--charges")
    [line] = charges["results"] if isinstance(charges, dict) else charges
    assert line["source"] == f"instance-{identity}"
    assert 100.0 - user["credit"] == pytest.approx(line["amount"], rel=1e-6)
    assert sum(item["amount"] for item in line["items"]) == pytest.approx(line["amount"])
    assert "credit" in vastai("show", "invoices-v1", "--invoices").lower()


def _boots(market: SandboxMarket, offer: Row) -> bool:
    """Whether the next rental on the offer's machine comes up: a look behind the curtain."""
    from hunter.sandbox.chance import one

    machine = int((market.world.machines.machine_id == offer["machine_id"]).nonzero()[0][0])
    number = market.book.page.next_number
    truths = market.world.truths
    return (
        one(market.seed, number, 1, 2) < float(truths.boot_success[machine])
        and float(truths.link_share[machine]) > 0.3
    )


def test_what_is_gone_is_refused_in_the_vendors_words(vastai: Vastai) -> None:
    assert "no_such_ask" in vastai("create", "instance", "7", "--image", "x", "--disk", "10")
    assert "not found" in vastai("destroy", "instance", "999", "-y")


def test_the_sdk_reads_and_rents_too(vastai: Vastai) -> None:
    from vastai import VastAI

    sdk = VastAI(api_key="another", server_url=vastai.env["VAST_URL"])
    assert sdk.show_instances() == []
    [offer] = sdk.search_offers(query="num_gpus=1", limit=1)
    made = sdk.create_instance(id=offer["id"], image="example/image:1", disk=10)
    assert sdk.show_instance(id=made["new_contract"])["id"] == made["new_contract"]
    sdk.destroy_instance(id=made["new_contract"])
    assert sdk.show_instance(id=made["new_contract"]) is None
