"""Seeded mutations of what strangers send, over every parser at the edge: `python -m bench.fuzz`."""

import sys
import types
from pathlib import Path

if (
    "tests" not in sys.modules
):  # the documents are those of our tests; dependencies bring `tests` of their own
    ours = types.ModuleType("tests")
    ours.__path__ = [str(Path(__file__).resolve().parents[2] / "tests")]
    sys.modules["tests"] = ours
