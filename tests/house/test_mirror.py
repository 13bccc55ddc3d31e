"""The tests stand beside the rooms that they specify: what a module promises is found under its name."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
BETWEEN_ROOMS = {
    "bench": "of the folder bench/",
    "claims": "of what was claimed before there was a program",
    "contract": "of our side and the vendors' side together",
    "docs": "of the pages that people read",
    "house": "of the source as a whole",
    "property": "of several rooms together, on generated input",
}
"""Folders whose tests are of no single module."""
OF_NO_MODULE = {
    "tui/test_pictures.py": "whole screens as pictures",
    "tui/test_dialogues.py": "every dialogue, at every size of the terminal",
    "api/test_python_page.py": "the page about Python, whose examples it runs",
    "api/test_wait.py": "Hunter and its runner together, for callers without async",
}
"""And single files."""


def specified(test: Path) -> Path:
    """The module that a test file is about."""
    inside = test.relative_to(TESTS)
    room = inside.parent if inside.parts[0] == "tui" else "hunter" / inside.parent
    return ROOT / room / test.name.removeprefix("test_")


def mirrors() -> list[Path]:
    """Every test file that has to stand beside a module."""
    inside = [path.relative_to(TESTS) for path in sorted(TESTS.rglob("test_*.py"))]
    return [
        TESTS / path
        for path in inside
        if path.parts[0] not in BETWEEN_ROOMS and path.as_posix() not in OF_NO_MODULE
    ]


@pytest.mark.parametrize("test", mirrors(), ids=lambda path: path.relative_to(TESTS).as_posix())
def test_every_test_file_has_its_module(test: Path) -> None:
    module = specified(test)
    package = module.with_suffix("") / "__init__.py"
    assert module.is_file() or package.is_file(), f"{module.relative_to(ROOT)} does not exist"


def test_every_exception_is_still_needed() -> None:
    assert all((TESTS / name).is_file() for name in OF_NO_MODULE)
    assert all(not specified(TESTS / name).is_file() for name in OF_NO_MODULE)


def with_examples() -> list[str]:
    """Modules whose docstrings show what a function answers."""
    paths = (path for top in ("hunter", "tui") for path in sorted((ROOT / top).rglob("*.py")))
    shown = [path for path in paths if ">>> " in path.read_text(encoding="utf-8")]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in shown]


@pytest.mark.parametrize("name", with_examples())
def test_a_function_answers_as_its_examples_say(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0
