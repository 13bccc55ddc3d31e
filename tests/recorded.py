"""What was recorded at the markets, where it lies beside the checkout. Nothing rests on it alone: replies
in the same shapes stand in each market's `payloads` here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
SAYS = "the recorded replies (folder `shared` beside the checkout) are absent"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=SAYS)


def recorded(name: str) -> Any:
    """A recorded reply; without it the test is left out."""
    path = SHARED / "payloads" / name
    if not path.exists():
        pytest.skip(SAYS)
    document = json.loads(path.read_text(encoding="utf-8"))
    return document.get("data", document)
