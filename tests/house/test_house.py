"""The house rules that a linter cannot see."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hunter.sandbox.server import Options, running

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted([*ROOT.glob("hunter/**/*.py"), *ROOT.glob("tui/**/*.py")])


def imported_by(*words: str) -> set[str]:
    """The modules that a command has loaded when it ends."""
    code = (
        "import sys\nfrom hunter.cli.main import run\n"
        f"try: run({list(words)!r})\nexcept SystemExit: pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stderr.split()}


def test_help_loads_nothing_that_it_does_not_need() -> None:
    heavy = {"numpy", "pandas", "httpx", "sqlite_utils", "textual", "vastai", "runpod", "starlette"}
    assert not imported_by("--help") & heavy


def test_deals_from_the_database_need_no_network_and_no_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUNTER_HOME", str(tmp_path))
    imported_by("deals", "--quiet")  # makes the database, which needs sqlite-utils once
    heavy = {
        "pandas",
        "httpx",
        "sqlite_utils",
        "textual",
        "vastai",
        "runpod",
        "starlette",
        "asyncio",
    }
    assert not imported_by("deals", "--quiet") & heavy


def test_what_watches_over_leases_loads_no_arithmetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Options(offers=100, speed=1e-6)) as (url, _):
        for name, value in {
            "HUNTER_HOME": str(tmp_path),
            "VAST_URL": url,
            "RUNPOD_API_BASE_URL": url,
        }.items():
            monkeypatch.setenv(name, value)
        imported_by("scrape", "--market", "vast", "--quiet")
        offer = deals_now()[0]
        imported_by("launch", offer, "--yes", "--max-usd-h", "9", "--max-usd", "9", "--ttl", "9h")
        for words in (["ps"], ["reap", "--timed"]):
            loaded = imported_by(*words)
            assert "httpx" in loaded  # the markets were asked
            assert not loaded & {"numpy", "pandas", "sqlite_utils", "textual", "starlette"}, words


def deals_now() -> list[str]:
    """The offers of one market that can be rented, cheapest first."""
    code = "from hunter.cli.main import run; run(['deals', '--on-demand', '--json', '--quiet'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [deal["offer"] for deal in json.loads(done.stdout)["deals"] if deal["launchable"]]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_stay_small(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= 450, "a module holds one idea: 450 lines at most"
    for node in ast.walk(ast.parse(source)):
        lines = getattr(node, "end_lineno", 0) - getattr(node, "lineno", 0) + 1
        if isinstance(node, ast.ClassDef):
            assert lines <= 250, f"{node.name}: 250 lines at most"
            assert len(public_methods(node)) <= 20, f"{node.name}: 20 public methods at most"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert lines <= 60, f"{node.name}: 60 lines at most"


def public_methods(node: ast.ClassDef) -> list[str]:
    """What others call. Handlers are called by Textual alone, through their names or `@on`."""
    return [
        one.name
        for one in node.body
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        and not one.name.startswith(("_", "on_", "action_", "watch_", "compose"))
        and not any(ast.unparse(mark).startswith("on(") for mark in one.decorator_list)
    ]


BASES = {
    "_Typed",  # a type of click's
    "GpuSpeed", "MarketRules", "OfferFields", "Settings",  # values that carry another's fields
    "HttpMarket",  # one careful client for all markets
    "Memory",  # a protocol
}  # fmt: skip
"""What a class of ours may inherit from, beside errors."""


def test_nothing_inherits_only_to_be_shorter() -> None:
    classes = [
        node
        for path in MODULES
        if path.is_relative_to(ROOT / "hunter")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    ]
    ours = {node.name for node in classes}
    bases = {node.name: {base_name(base) for base in node.bases} & ours for node in classes}
    errors = {name for name in ours if "Error" in name} | {"NoKey"}
    assert {
        name: found - errors - BASES for name, found in bases.items() if found - errors - BASES
    } == {}


def base_name(base: ast.expr) -> str:
    """`Generic[T]` and `module.Name` as the name alone."""
    return ast.unparse(base).partition("[")[0].rpartition(".")[2]


FACTS = [*ROOT.glob("data/markets/*.toml"), *(ROOT / "data" / f"{name}.toml"
         for name in ("coldstart", "risk", "storage"))]  # fmt: skip


@pytest.mark.parametrize("path", FACTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_figure_that_ships_has_a_source_and_a_date(path: Path) -> None:
    def check(where: str, table: Any) -> None:
        if isinstance(table, list):
            for i, inner in enumerate(table):
                check(f"{where}[{i}]", inner)
        elif isinstance(table, dict):
            if {"expected", "billed", "chance", "slots", "half_life_days"} & {
                key for key, value in table.items() if not isinstance(value, dict)
            }:
                assert table["source"], where
                assert len(table["date"]) == 10, where
            for key, inner in table.items():
                check(f"{where}.{key}", inner)

    check(path.name, tomllib.loads(path.read_text(encoding="utf-8")))


EXAMPLES = {
    " is no offer: an offer is written MARKET:ID, as vast:12345",
    "words, as: 4090 vast us bid",
}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_what_is_known_of_a_market_stands_in_its_folder_and_its_file(path: Path) -> None:
    home = ("hunter/markets/vast/", "hunter/markets/runpod/", "hunter/sandbox/")
    if str(path.relative_to(ROOT)).startswith(home):
        return
    code = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(code) if isinstance(node, ast.Expr)}
    texts = [n.value for n in ast.walk(code) if isinstance(n, ast.Constant) and id(n) not in prose]
    said = {text for text in texts if isinstance(text, str)} - EXAMPLES
    assert [text for text in said if re.search("vast|runpod", text, re.I)] == []


def test_pinned_versions_name_no_server() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text()
