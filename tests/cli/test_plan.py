"""Ways to ship the weights on the command line, and the Dockerfile for one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

VLLM = "docker.io/vllm/vllm-openai:v0.19.1"


def test_a_plan_compares_every_way_on_every_market(served: Any) -> None:
    served("scrape", "--quiet")
    plans = served("plan", "-w", "llm-server", "--json")["plans"]
    ways = {(one["market"], one["way"]) for one in plans}
    assert ways >= {("vast", way) for way in ("fetch", "store", "baked", "layers")}
    by_way = {one["way"]: one for one in plans if one["market"] == "vast"}
    assert by_way["layers"]["cold_start_s"] < by_way["baked"]["cold_start_s"]  # it overlaps
    assert by_way["layers"]["code"]["pull"] < by_way["baked"]["code"]["pull"]
    assert by_way["baked"]["image_bytes"] == pytest.approx(9_612_695_005 + 16.4e9)


def test_the_dockerfile_has_a_layer_for_each_part_and_says_why(served: Any, tmp_path: Path) -> None:
    served("scrape", "--quiet")
    text = served("export", "dockerfile", "-w", "llm-server", "--way", "layers", "--quiet")
    assert text.count("COPY --link --from=models") == 5  # one a shard of the model
    assert f"FROM {VLLM}" in text
    assert "# Asked for: layers." in text
    assert text.index("COPY --link") < text.index("COPY . /app")
    place = tmp_path / "Dockerfile"
    served("export", "dockerfile", "-w", "llm-server", "-o", str(place))
    assert place.read_text().startswith("# syntax=docker/dockerfile:1")
    assert "exists" in served("export", "dockerfile", "-w", "llm-server", "-o", str(place), code=2)
