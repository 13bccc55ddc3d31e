"""What the embedded market is drawn from, read from `data/`.

Not through `hunter.facts.shipped`: that room knows billing rules, and the sandbox must not share them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

PAYLOAD_PATH = "/payload"
MIRRORED = ("docker.io", "ghcr.io", "huggingface.co", "civitai.com")
"""Registries and hubs that the sandbox answers for, each below a path of its name."""
SERVED = ("vast", "runpod")
"""Markets that it embeds; another one needs a server of its own."""
DATA = Path(__file__).resolve().parents[2] / "data"


def sandbox_facts() -> dict[str, Any]:
    """Prices, motion, hidden truths and images."""
    return tomllib.loads((DATA / "sandbox.toml").read_text(encoding="utf-8"))


def runpod_facts() -> dict[str, Any]:
    """RunPod's models, data centres and countries."""
    return tomllib.loads((DATA / "sandbox_runpod.toml").read_text(encoding="utf-8"))


def mirrors(url: str) -> dict[str, str]:
    """Where a sandbox at an address answers for each registry and hub."""
    return {server: f"{url}{PAYLOAD_PATH}/{server}" for server in MIRRORED}
