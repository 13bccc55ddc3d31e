"""A third market is a package of one adapter and one file of facts; installing it is all there is to do."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from hunter.api.hunter import Hunter
from hunter.facts.config import Config, Home, points_home
from hunter.facts.plugins import plugins
from hunter.facts.shipped import Facts, shipped
from hunter.facts.workload_file import load
from hunter.leases.lease import Caps
from hunter.markets.loading import MEMBERS, adapter_of
from hunter.values.errors import MarketUnusable
from hunter.values.market_facts import MarketFacts
from tui.app import HunterApp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
THIRD = Path(__file__).parent / "third"
CARDS = [
    {"id": "c1", "model": "geforce-4090", "memory_gb": 24, "usd_h": 0.3, "mbps": 800},
    {"id": "c2", "model": "geforce-4090", "memory_gb": 24, "usd_h": 0.4, "mbps": 900},
]


# ── its service, on this machine ────────────────────────────────────────────────────────────────
class Service(BaseHTTPRequestHandler):
    pods: dict[str, dict[str, Any]]

    def do_GET(self) -> None:
        self.answer(200, CARDS if self.path == "/cards" else list(self.pods.values()))

    def do_POST(self) -> None:
        wish = json.loads(self.rfile.read(int(self.headers["content-length"])))
        card = next(card for card in CARDS if card["id"] == wish["card"])
        pod = {"id": f"p{len(self.pods) + 1}", "label": wish["label"], "card": card,
               "disk_gb": wish["disk_gb"]}  # fmt: skip
        self.pods[pod["id"]] = pod
        self.answer(201, pod)

    def do_DELETE(self) -> None:
        self.pods.pop(self.path.rpartition("/")[2], None)
        self.answer(200, {})

    def answer(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[tuple[str, dict[str, Any]]]:
    rented: dict[str, Any] = {}
    handler = type("Rented", (Service,), {"pods": rented})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", rented
        server.shutdown()
        thread.join()


# ── installed as pip leaves it ──────────────────────────────────────────────────────────────────
def install(site: Path, name: str, module: str) -> Path:
    info = site / f"hunter_{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: hunter-{module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[hunter.markets]\n{name} = {module}\n")
    return site / module


@pytest.fixture
def site(tmp_path: Path) -> Path:
    project = tomllib.loads((THIRD / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [(name, module)] = project["entry-points"]["hunter.markets"].items()
    folder = install(tmp_path / "site", name, module)
    shutil.copytree(THIRD / module, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "site"


def bring(
    site: Path, name: str, code: str = "", change: Callable[[str], str] = lambda text: text
) -> None:
    """One more package beside it: its code, and its facts after a change."""
    folder = install(site, name, f"{name}_market")
    folder.mkdir()
    (folder / "__init__.py").write_text(code)
    facts = (THIRD / "third_market" / "facts.toml").read_text(encoding="utf-8")
    (folder / "facts.toml").write_text(change(facts.replace("THIRD_", f"{name.upper()}_")))


@pytest.fixture
def command(tmp_path: Path, site: Path, service: tuple[str, dict[str, Any]]) -> Any:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VAST", "RUNPOD"))}
    env = kept | {
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "HUNTER_HOME": str(tmp_path / "home"),
        "HOME": str(tmp_path), "THIRD_API_KEY": "key", "NO_COLOR": "1",
        **{f"{name}_URL": service[0] for name in ("THIRD", "BROKEN", "HALF")},
    }  # fmt: skip

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        code = "from hunter.cli.main import run; run()"
        return subprocess.run(
            [sys.executable, "-c", code, *words], env=env, text=True, capture_output=True,
            check=False, cwd=tmp_path,
        )  # fmt: skip

    return call


# ── nothing else touched ────────────────────────────────────────────────────────────────────────
def test_an_installed_market_is_scraped_ranked_rented_listed_and_ended(
    command: Any, service: tuple[str, dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text('markets = ["third"]\n')
    scraped = command("scrape", "--json")
    assert scraped.returncode == 0, scraped.stderr
    assert [(m["market"], m["offers"]) for m in json.loads(scraped.stdout)["markets"]] == [
        ("third", 2)
    ]
    assert "SANDBOX" in scraped.stderr  # a market on this machine is a simulated one

    deals = json.loads(command("deals", "-w", "one-hour", "--json").stdout)["deals"]
    assert [(d["offer"], d["gpu"]) for d in deals] == [
        ("third:c1", "RTX 4090"),
        ("third:c2", "RTX 4090"),
    ]
    assert deals[0]["run_usd"] > 0.3

    caps = ("--max-usd-h", "1", "--max-usd", "2", "--ttl", "2h")
    launched = command("launch", "third:c1", "-w", "one-hour", *caps, "--yes", "--wait", "--json")
    assert launched.returncode == 0, launched.stderr
    assert list(service[1]) == ["p1"]

    listed = command("ps")
    assert "third:p1" in listed.stdout

    ended = command("destroy", "third:p1")
    assert ended.returncode == 0, ended.stderr
    assert service[1] == {}


def test_it_stands_beside_the_embedded_markets_and_those_that_do_not_load_are_named(
    command: Any, site: Path
) -> None:
    bring(site, "broken", "import nowhere_to_be_found\n")
    bring(site, "half", "class MARKET:\n    name = 'half'\n")
    bring(site, "odd", change=lambda text: text.replace("low = 2,", 'low = "two",', 1))
    scraped = command("--sandbox", "scrape", "--json")
    assert scraped.returncode == 0, scraped.stderr
    for name in ("broken", "half", "odd"):
        assert f"The market {name} cannot be used: " in scraped.stderr
    offers = {m["market"]: m["offers"] for m in json.loads(scraped.stdout)["markets"]}
    assert {name for name, n in offers.items() if n} == {"vast", "runpod", "third"}
    assert (
        "odd_market/facts.toml, priors.allocate_s.low: expected a number, not text"
        in scraped.stderr
    )


# ── left aside ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import nowhere_to_be_found\n", "No module named 'nowhere_to_be_found'"),
        ("1 / 0\n", "ZeroDivisionError"),
        ("", "has no attribute 'MARKET'"),
        ("MARKET = None\n", "lacks"),
        ("class MARKET:\n    name = 'torn'\n", "lacks charges, close, create"),
        ("from third_market import MARKET\n", "calls itself 'third'"),
        (
            "from third_market import MARKET as Third\n"
            "class MARKET(Third):\n    name = 'torn'\n    def __init__(self) -> None: ...\n",
            "too many positional arguments",
        ),
    ],
)
def test_an_adapter_that_cannot_serve_is_named_in_one_sentence(
    site: Path, code: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(site, "torn", code)
    monkeypatch.syspath_prepend(str(site))
    for module in [m for m in sys.modules if m.startswith("torn_market")]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(
        MarketUnusable, match=r"^The market torn cannot be used: [^\n]+\.$"
    ) as caught:
        adapter_of(plugins([str(site)])["torn"])
    assert says in str(caught.value)
    assert "torn_market" in caught.value.remedy


def test_facts_that_cannot_be_read_leave_one_market_aside_and_the_others_work(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(site, "odd", change=lambda text: text + "\n[wishes]\n")
    install(site, "missing", "missing_market")
    monkeypatch.syspath_prepend(str(site))
    facts = Facts(markets=plugins([str(site)]))
    assert set(facts.markets) == {"vast", "runpod", "third"}
    assert set(facts.unusable) == {"odd", "missing"}
    assert "facts.toml, the file: no key wishes is known here." in str(facts.unusable["odd"])
    assert "no module missing_market is installed" in str(facts.unusable["missing"])
    with pytest.raises(MarketUnusable, match="odd"):
        facts.market("odd")


def test_no_plug_in_takes_the_name_of_a_market_that_ships(site: Path) -> None:
    install(site, "vast", "other_market")
    assert plugins([str(site)])["vast"].shipped


@pytest.mark.parametrize(
    "word",
    [*MEMBERS, *(f for f in MarketFacts.__struct_fields__ if f not in ("name", "reading"))],
)
def test_the_page_on_adding_a_market_tells_of_every_member_and_every_key(word: str) -> None:
    page = (ROOT / "docs" / "add-a-market.md").read_text(encoding="utf-8")
    assert re.search(rf"[`\[]{word}[(`\].]", page)


# ── what stands on markets ──────────────────────────────────────────────────────────────────────
def test_a_third_market_on_this_machine_counts_as_simulated(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delenv("VAST_URL", raising=False)
    monkeypatch.delenv("RUNPOD_API_BASE_URL", raising=False)
    monkeypatch.setenv("THIRD_URL", "http://localhost:1")
    shipped.cache_clear()
    try:
        assert points_home()
        monkeypatch.setenv("THIRD_URL", "https://third.example")
        assert not points_home()
    finally:
        shipped.cache_clear()


def test_a_listing_of_markets_imports_no_plug_in(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "third_market", raising=False)
    assert Facts(markets=plugins([str(site)])).market("third").title == "Third Market"
    assert "third_market" not in sys.modules


async def test_what_runs_on_a_market_whose_package_is_gone_is_told_as_unknown(
    site: Path, service: tuple[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("THIRD_URL", service[0])
    monkeypatch.setenv("THIRD_API_KEY", "key")
    config = Config(markets=["third"])
    home = Home(config_folder=tmp_path, data_folder=tmp_path, simulated=True, config=config)
    job = load("one-hour")
    async with Hunter(home, facts=Facts(markets=plugins([str(site)]))) as hunter:
        await hunter.scrape()
        caps = Caps(max_usd_h=1.0, max_usd=2.0, ttl_s=7200.0)
        await hunter.launch(await hunter.quote("third:c1", job), job, caps)
    ours = plugins([])
    home = structs.replace(home, config=Config(markets=[]))
    async with Hunter(home, facts=Facts(markets=ours)) as hunter:
        now = await hunter.running()
    assert [running.lease.market for running in now.ours if running.lease] == ["third"]
    assert "No market is called 'third'." in [str(error) for _, error in now.unknown]


async def test_the_app_shows_its_deals(
    site: Path, service: tuple[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("THIRD_URL", service[0])
    home = Home(
        config_folder=tmp_path,
        data_folder=tmp_path,
        simulated=True,
        config=Config(markets=["third"]),
    )
    hunter = Hunter(home, facts=Facts(markets=plugins([str(site)])))
    [polled] = await hunter.scrape()
    assert (polled.error, polled.offers) == (None, 2)
    app = HunterApp(hunter, load("one-hour"))
    try:
        async with app.run_test(size=(140, 40)) as pilot:
            for _ in range(200):
                await pilot.pause(0.05)
                if "third:c1" in app.export_screenshot():
                    break
            assert "third:c1" in app.export_screenshot()
    finally:
        app.shut()
