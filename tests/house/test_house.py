"""The house rules that a linter cannot see."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

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
    heavy = {"pandas", "httpx", "sqlite_utils", "textual", "vastai", "runpod", "starlette"}
    assert not imported_by("deals", "--quiet") & heavy


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_stay_small(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= 450, "a module holds one idea: 450 lines at most"
    for node in ast.walk(ast.parse(source)):
        lines = getattr(node, "end_lineno", 0) - getattr(node, "lineno", 0) + 1
        if isinstance(node, ast.ClassDef):
            assert lines <= 320, f"{node.name}: 320 lines at most"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert lines <= 60, f"{node.name}: 60 lines at most"


def test_every_billing_rule_has_a_source_and_a_date() -> None:
    markets = tomllib.loads((ROOT / "data" / "markets.toml").read_text())
    for name, market in markets.items():
        for phase, cells in market["phases"].items():
            for meter, cell in cells.items():
                assert cell["source"], (name, phase, meter)
                assert len(cell["date"]) == 10, (name, phase, meter)
                assert cell["status"] in ("documented", "observed", "contradicted", "assumed")
        assert all(prior["source"] for prior in market["priors"].values())


def test_pinned_versions_name_no_server() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text()
