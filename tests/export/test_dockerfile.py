"""The Dockerfile: whatever a workload or a hub says stays where it belongs, and begins no line."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.export.dockerfile import dockerfile
from hunter.values.errors import UsageError
from hunter.values.workload import Fetch, Payload
from tests.builders import workload

if TYPE_CHECKING:
    from hunter.cost.shipping import Way

INSTRUCTIONS = ("#", "FROM ", "RUN ", "COPY ", "ENTRYPOINT ")
WAYS: tuple[Way, ...] = ("fetch", "store", "baked", "layers")
OURS = re.compile(r"#!/bin/sh|set -e|echo \"HUNTER_PHASE .*|exec \"\$@\"|END|hf download .*|"
                  r"aws s3 cp .*|mkdir -p .*|")  # fmt: skip
"""Lines of the script that starts the program."""


def written(way: Way, ref: str, *, reason: str = "cheap", name: str = "f", **changes: Any) -> str:
    files = ((name, 5e9), ("b", 6e9))
    fetch = Fetch(ref=ref, kind="huggingface", n_bytes=11e9, files=files)
    job = workload(payload=Payload(image_bytes=1e9, fetches=(fetch,)), **changes)
    return dockerfile(job, way, [reason], 4e9)


def is_ours(text: str) -> bool:
    return all(line.startswith(INSTRUCTIONS) or OURS.fullmatch(line) for line in text.split("\n"))


anything = st.text(st.one_of(st.characters(), st.sampled_from("\n\r\\'\"$`#<>- ")), max_size=30)


@given(st.sampled_from(WAYS), anything, anything, anything, anything)
def test_no_value_begins_a_line(way: Way, ref: str, image: str, name: str, reason: str) -> None:
    try:
        text = written(way, f"hf:{ref}", reason=reason, name=name, image=image)
    except UsageError:
        return
    assert is_ours(text), text


@pytest.mark.parametrize("name", ["x\nRUN id", "x\r\nUSER root", "x\u2028RUN id", "a\n\nFROM evil"])
def test_a_name_with_a_line_break_is_words_of_a_comment(name: str) -> None:
    lines = written("baked", "hf:org/repo", reason=f"{name}: on vast").split("\n")
    assert [line for line in lines if "on vast" in line] == [
        f"# {' '.join(name.split())}: on vast"
    ] or (
        is_ours("\n".join(lines)) and not any(line.startswith(("RUN id", "USER")) for line in lines)
    )


def test_a_reason_is_never_an_order_to_docker_itself() -> None:
    text = written("baked", "hf:org/repo", reason="escape=`: on vast")
    assert text.startswith("# syntax=docker/dockerfile:1\n#\n# escape=`")


@pytest.mark.parametrize(
    "image", ["", "a b", "--platform=x y", "a\nRUN id", "a\u200bb", "$IMAGE", "a;b"]
)
def test_what_is_no_image_is_refused(image: str) -> None:
    with pytest.raises(UsageError, match="no name of an image"):
        written("fetch", "hf:org/repo", image=image)


def test_a_scheme_of_ours_is_none_of_dockers() -> None:
    assert "FROM ghcr.io/a/b:1\n" in written("fetch", "hf:o/r", image="docker://ghcr.io/a/b:1")


@pytest.mark.parametrize("ref", ["hf:-x/y", "hf:o/r:-x", "hf:o/r@-x", "-Kfile", "hf:o/r:a\nb"])
@pytest.mark.parametrize("way", WAYS)
def test_weights_that_would_be_an_option_or_a_line_are_refused(way: Way, ref: str) -> None:
    with pytest.raises(UsageError, match="cannot be written into a Dockerfile"):
        written(way, ref)


def test_a_file_of_a_hub_stays_one_word() -> None:
    odd = "a'; rm -rf $HOME # `id`.bin"
    text = written("layers", "hf:org/repo", name=odd)
    assert odd in [
        word for line in text.split("\n") if "cp -l" in line for word in shlex.split(line)
    ]
