"""Sizes and cold starts on the command line, with the embedded market answering for registries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

VLLM = "docker.io/vllm/vllm-openai:v0.19.1"
COLD_START = ["offer", "workload", "phases", "seconds", "low_s", "high_s", "usd"]


def test_the_size_of_an_image_has_every_promised_field(served: Any) -> None:
    found = served("size", VLLM, "--json")
    assert found["compressed_bytes"] == 9_612_695_005
    assert found["unpacked_bytes"] == 25_000_000_000
    assert (found["platform"], found["cuda"], len(found["layers"])) == ("linux/amd64", 12.8, 30)
    assert {"digest", "compressed_bytes", "media_type"} <= set(found["layers"][0])
    assert {"ref", "unpacked_is_estimate", "warnings"} <= set(found)
    assert "30 layers" in served("size", VLLM)


def test_what_was_learnt_is_there_without_a_network(served: Any) -> None:
    refused = served("size", "hf:Qwen/Qwen3-8B", "--offline", code=1)
    assert "never learnt" in refused
    assert "Traceback" not in refused
    first = served("size", "hf:Qwen/Qwen3-8B:*.safetensors", "--json")
    assert first["compressed_bytes"] == 16_400_000_000
    again = served("size", "hf:Qwen/Qwen3-8B:*.safetensors", "--offline", "--json")
    assert again["digest"] == first["digest"]


def test_an_image_that_there_is_not_is_one_sentence(served: Any) -> None:
    assert "has no image" in served("size", "ghcr.io/nobody/nothing:v1", code=1)


def test_a_cold_start_has_every_promised_field_and_adds_up(served: Any) -> None:
    served("scrape", "--quiet")
    found = served("coldstart", "-w", "llm-server", "--why", "--json")
    names = [phase["phase"] for phase in found["phases"]]
    assert names == ["allocate", "download", "unpack", "start", "boot", "weights", "load", "warmup"]
    assert {"phase", "seconds", "low_s", "high_s", "billed", "usd"} <= set(found["phases"][0])
    assert sum(phase["seconds"] for phase in found["phases"]) == pytest.approx(found["seconds"])
    assert sum(phase["usd"] for phase in found["phases"]) == pytest.approx(found["usd"])
    assert all(p["low_s"] <= p["seconds"] <= p["high_s"] + 1e-9 for p in found["phases"])
    assert all(belief["source"] for belief in found["beliefs"])
    assert "useful after" in served("coldstart", "-w", "llm-server", "--why")


def test_learning_an_image_makes_its_cold_start_that_of_its_own_layers(served: Any) -> None:
    host = ("--host", "down_mbps=200,unpack_mb_s=150,engine=docker")
    before = served("coldstart", "--image", "docker.io/pytorch/pytorch:latest", *host, "--json")
    assert before["offer"] is None
    assert before["usd"] is None
    # 4 GB at 25 MB/s
    assert before["phases"][1]["seconds"] == pytest.approx(160, rel=0.02)
    assert "layers are not known" not in served(
        "coldstart", "--image", "docker.io/pytorch/pytorch:latest", *host
    )


@pytest.mark.parametrize(
    "words",
    [("--host", "mbps=1"), ("--host", ""), ("--host", "down_mbps=0"),
     ("--host", "down_mbps=1", "--offer", "vast:1"), ("--image", "x", "-w", "llm-server")],
)  # fmt: skip
def test_a_question_that_cannot_be_is_a_mistake_of_usage(
    words: tuple[str, ...], served: Any
) -> None:
    assert "→" in served("coldstart", *words, code=2)


def test_a_cold_start_has_these_names_in_this_order(stocked: Path, hunter: Any) -> None:
    asked = "coldstart", "-w", "one-hour", "--offer", "vast:1", "--json"
    found = hunter(*asked).json
    assert list(found) == COLD_START
    assert {tuple(line) for line in found["phases"]} == {
        ("phase", "seconds", "low_s", "high_s", "billed", "usd", "bytes_in")
    }
    beliefs = hunter(*asked, "--why").json["beliefs"]
    assert {tuple(line) for line in beliefs} == {
        ("quantity", "prior", "median", "low", "high", "n", "n_machine", "source")
    }
