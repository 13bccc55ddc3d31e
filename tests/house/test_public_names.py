"""`import hunter` gives what the documentation names, and costs nothing until it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import hunter
from hunter.values import errors


def test_the_public_names_are_these() -> None:
    assert hunter.__all__ == sorted(hunter.__all__)
    every_error = {name for name, one in vars(errors).items() if isinstance(one, type)}
    assert set(hunter.__all__) == every_error | {
        "Caps", "Deal", "Hunter", "Lease", "Offer", "Query", "Workload", "__version__",
    }  # fmt: skip


@pytest.mark.parametrize("name", hunter.__all__)
def test_each_is_found_by_its_name(name: str) -> None:
    found = getattr(hunter, name)
    assert name == "__version__" or found.__name__ == name
    assert name in dir(hunter)


def test_what_is_no_public_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="Prices"):
        _ = hunter.Prices  # type: ignore[attr-defined]


def test_importing_hunter_loads_nothing_but_itself() -> None:
    code = "import sys; before = set(sys.modules); import hunter; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"numpy", "msgspec", "asyncio", "importlib.metadata"}
    assert {n for n in done.stdout.split() if n.startswith("hunter")} == {"hunter"}
