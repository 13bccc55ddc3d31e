"""size, coldstart, plan and export on the command line, with the embedded market answering for registries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from hunter.cli.main import run
from hunter.sandbox.server import Options, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VLLM = "docker.io/vllm/vllm-openai:v0.19.1"


@pytest.fixture(scope="module")
def market() -> Iterator[str]:
    with running(Options(offers=200, speed=1e-6)) as (url, _):
        yield url


@pytest.fixture
def hunter(
    market: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    for name in ("VAST_URL", "RUNPOD_API_BASE_URL"):
        monkeypatch.setenv(name, market)
    monkeypatch.setenv("HUNTER_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    def call(*words: str, code: int = 0) -> Any:
        with pytest.raises(SystemExit) as leave:
            run(list(words))
        out, err = capsys.readouterr()
        assert int(leave.value.code or 0) == code, err
        return json.loads(out) if "--json" in words and code == 0 else out + err

    return call


def test_the_size_of_an_image_has_every_promised_field(hunter: Any) -> None:
    found = hunter("size", VLLM, "--json")
    assert found["compressed_bytes"] == 9_612_695_005
    assert found["unpacked_bytes"] == 25_000_000_000
    assert (found["platform"], found["cuda"], len(found["layers"])) == ("linux/amd64", 12.8, 30)
    assert {"digest", "compressed_bytes", "media_type"} <= set(found["layers"][0])
    assert {"ref", "unpacked_is_estimate", "warnings"} <= set(found)
    assert "30 layers" in hunter("size", VLLM)


def test_what_was_learnt_is_there_without_a_network(hunter: Any) -> None:
    refused = hunter("size", "hf:Qwen/Qwen3-8B", "--offline", code=1)
    assert "never learnt" in refused
    assert "Traceback" not in refused
    first = hunter("size", "hf:Qwen/Qwen3-8B:*.safetensors", "--json")
    assert first["compressed_bytes"] == 16_400_000_000
    again = hunter("size", "hf:Qwen/Qwen3-8B:*.safetensors", "--offline", "--json")
    assert again["digest"] == first["digest"]


def test_an_image_that_there_is_not_is_one_sentence(hunter: Any) -> None:
    assert "has no image" in hunter("size", "ghcr.io/nobody/nothing:v1", code=1)


def test_a_cold_start_has_every_promised_field_and_adds_up(hunter: Any) -> None:
    hunter("scrape", "--quiet")
    found = hunter("coldstart", "-w", "llm-server", "--why", "--json")
    names = [phase["phase"] for phase in found["phases"]]
    assert names == ["allocate", "download", "unpack", "start", "boot", "weights", "load", "warmup"]
    assert {"phase", "seconds", "low_s", "high_s", "billed", "usd"} <= set(found["phases"][0])
    assert sum(phase["seconds"] for phase in found["phases"]) == pytest.approx(found["seconds"])
    assert sum(phase["usd"] for phase in found["phases"]) == pytest.approx(found["usd"])
    assert all(p["low_s"] <= p["seconds"] <= p["high_s"] + 1e-9 for p in found["phases"])
    assert all(belief["source"] for belief in found["beliefs"])
    assert "useful after" in hunter("coldstart", "-w", "llm-server", "--why")


def test_learning_an_image_makes_its_cold_start_that_of_its_own_layers(hunter: Any) -> None:
    host = ("--host", "down_mbps=200,unpack_mb_s=150,engine=docker")
    before = hunter("coldstart", "--image", "docker.io/pytorch/pytorch:latest", *host, "--json")
    assert before["offer"] is None
    assert before["usd"] is None
    # 4 GB at 25 MB/s
    assert before["phases"][1]["seconds"] == pytest.approx(160, rel=0.02)
    assert "layers are not known" not in hunter(
        "coldstart", "--image", "docker.io/pytorch/pytorch:latest", *host
    )


@pytest.mark.parametrize(
    "words",
    [("--host", "mbps=1"), ("--host", ""), ("--host", "down_mbps=0"),
     ("--host", "down_mbps=1", "--offer", "vast:1"), ("--image", "x", "-w", "llm-server")],
)  # fmt: skip
def test_a_question_that_cannot_be_is_a_mistake_of_usage(
    words: tuple[str, ...], hunter: Any
) -> None:
    assert "→" in hunter("coldstart", *words, code=2)


def test_a_plan_compares_every_way_on_every_market(hunter: Any) -> None:
    hunter("scrape", "--quiet")
    plans = hunter("plan", "-w", "llm-server", "--json")["plans"]
    ways = {(one["market"], one["way"]) for one in plans}
    assert ways >= {("vast", way) for way in ("fetch", "store", "baked", "layers")}
    by_way = {one["way"]: one for one in plans if one["market"] == "vast"}
    assert by_way["layers"]["cold_start_s"] < by_way["baked"]["cold_start_s"]  # it overlaps
    assert by_way["layers"]["code"]["pull"] < by_way["baked"]["code"]["pull"]
    assert by_way["baked"]["image_bytes"] == pytest.approx(9_612_695_005 + 16.4e9)


def test_the_dockerfile_has_a_layer_for_each_part_and_says_why(hunter: Any, tmp_path: Path) -> None:
    hunter("scrape", "--quiet")
    text = hunter("export", "dockerfile", "-w", "llm-server", "--way", "layers", "--quiet")
    assert text.count("COPY --link --from=models") == 5  # one a shard of the model
    assert f"FROM {VLLM}" in text
    assert "# Asked for: layers." in text
    assert text.index("COPY --link") < text.index("COPY . /app")
    place = tmp_path / "Dockerfile"
    hunter("export", "dockerfile", "-w", "llm-server", "-o", str(place))
    assert place.read_text().startswith("# syntax=docker/dockerfile:1")
    assert "exists" in hunter("export", "dockerfile", "-w", "llm-server", "-o", str(place), code=2)
