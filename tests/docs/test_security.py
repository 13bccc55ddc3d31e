"""Each threat of the model names tests that exist, or says why it is accepted."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, section

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", section(PAGE, "Threats"), re.M)
THREATS = [(name, covered) for name, _, covered in ROWS if name not in ("threat", "---")]
NAMED = re.compile(r"`(?:tests/)?([\w/]+\.py)::(test_\w+)`")


@cache
def names_in(path: Path) -> set[str]:
    """The tests of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_table_is_read() -> None:
    assert len(THREATS) > 30


@pytest.mark.parametrize(("threat", "covered"), THREATS, ids=[name for name, _ in THREATS])
def test_each_threat_has_its_tests_or_its_acceptance(threat: str, covered: str) -> None:
    found = NAMED.findall(covered)
    assert found or covered.startswith("accepted: "), threat
    for file, test in found:
        assert test in names_in(ROOT / "tests" / file), f"{file}::{test}"


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED.findall(PAGE)}))
def test_every_file_that_is_named_is_there(file: str) -> None:
    assert (ROOT / "tests" / file).is_file()
