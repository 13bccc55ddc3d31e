"""Workload files: what they may say, and one clear sentence where they say something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hunter.facts.workload_file import load, parse, samples
from hunter.values.errors import WorkloadError

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT = """
name = "wallpaper-of-the-day"
image = "ghcr.io/example/comfyui:latest"
weights = ["hf:black-forest-labs/FLUX.1-dev:*.safetensors"]
disk_gb = 80
[gpu]
count = 1
vram_gb = 24
models = ["RTX 4090", "RTX 3090"]
[run]
hours = 0.5
reference_gpu = "RTX 4090"
every = "24h"
interruptible = true
checkpoint_every = "10m"
deadline = "07:00"
egress_gb = 0.2
[limits]
max_usd_h = 0.60
max_usd_run = 1.00
ttl = "2h"
"""


def test_every_documented_key_is_read() -> None:
    job = parse(CONTRACT, "job.toml")
    assert job.gpu.models == ("RTX 4090", "RTX 3090")
    assert (job.run.every_h, job.run.checkpoint_every_h) == (24.0, pytest.approx(1 / 6))
    assert (job.limits.max_usd_run, job.limits.ttl_h) == (1.0, 2.0)
    assert job.run.deadline == "07:00"


def test_sizes_that_nobody_gave_are_unknown_and_not_zero() -> None:
    job = parse(CONTRACT, "job.toml")
    assert job.payload.image_bytes is None
    assert job.payload.weights_bytes is None


def test_no_weights_are_zero_bytes() -> None:
    assert parse('name = "a"\nimage = "b"\nweights = []', "x").payload.weights_bytes == 0


def test_sizes_given_by_hand_are_in_gb_of_a_billion_bytes() -> None:
    text = 'name = "a"\nweights = [{ref = "hf:a/b", gb = 1.5}, {ref = "c", gb = 2}]\n'
    job = parse(text + '[image]\nref = "b"\ncompressed_gb = 6.2', "x")
    assert job.payload.image_bytes == pytest.approx(6.2e9)
    assert job.payload.weights_bytes == pytest.approx(3.5e9)


@pytest.mark.parametrize("name", samples())
def test_every_sample_is_complete(name: str) -> None:
    job = load(name)
    assert job.name == name
    assert job.payload.image_bytes
    assert job.payload.weights_bytes is not None
    assert job.limits.max_usd_h
    assert job.limits.max_usd_run
    assert job.limits.ttl_h


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "is no TOML"),
        ('image = "b"', "the key name is missing"),
        ('name = "a"', "the key image is missing"),
        ('name = "a"\nimage = "b"\ndisk = 5', "no key disk is known here"),
        ('name = "a"\nimage = "b"\ndisk_gb = -5', "disk_gb"),
        ('name = "a"\nimage = "b"\ndisk_gb = "big"', "disk_gb"),
        ('name = "a"\nimage = "b"\ndisk_gb = nan', "disk_gb"),
        ('name = "a"\nimage = "b"\n[run]\nhours = 0', "run.hours"),
        ('name = "a"\nimage = "b"\n[run]\nevery = "soon"', "run.every: 'soon' is no duration"),
        ('name = "a"\nimage = "b"\n[run]\nevery = "0h"', "not above zero"),
        ('name = "a"\nimage = "b"\n[gpu]\ncount = 0', "gpu.count"),
        ('name = "a"\nimage = " "', "names no image"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, says: str) -> None:
    with pytest.raises(WorkloadError, match=r"job\.toml") as caught:
        parse(text, "job.toml")
    assert says in str(caught.value)
    assert caught.value.remedy


def test_a_missing_file_names_the_samples() -> None:
    with pytest.raises(WorkloadError) as caught:
        load("nowhere.toml")
    assert "comfyui-flux" in caught.value.remedy


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WorkloadError, match="cannot be read"):
        load(str(tmp_path / "job.toml"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "a\\nRUN curl evil"\nimage = "b"', "name: it holds a line break"),
        ('name = "a"\nimage = "b\\u202e"', "image: it holds"),
        ('name = "a"\nimage = "b"\nweights = ["hf:x/y\\u0000"]', r"weights.\[\]: it holds"),
        ('name = "a"\nimage = "b"\n[env]\n"A\\u001b[0m" = "1"', "the key holds a sign"),
        ('name = "a"\nimage = "b"\n[env]\nA = "1\\u0000"', "env.A: it holds a NUL"),
        (f'name = "{"a" * 9000}"\nimage = "b"', "name: it is longer than"),
        (f'name = "a"\nimage = "b"\nx = {"[" * 400}{"]" * 400}', "too deeply"),
        (f'name = "a"\nimage = "b"\nx = {"{y=" * 60}1{"}" * 60}', "too deeply"),
        (f'name = "a"\nimage = "b"\n{"y." * 5000}y = 1', "line 3: tables lie in tables too deeply"),
        (f'name = "a"\nimage = "b"\ndisk_gb = {"8" * 4301}', "thousands of digits"),
        (f'name = "a"\nimage = "b"\ndisk_gb = {"8" * 4300}', "disk_gb"),
        (f'name = "a"\nimage = "b"\n[limits]\nttl = "{"9h" * 900}"', "limits.ttl"),
        (f'name = "a"\nimage = "b"\n[limits]\nttl = "{"9" * 120_000}h"', "limits.ttl"),
    ],
    ids=range(13),
)
def test_odd_text_is_one_short_sentence_with_its_place(text: str, says: str) -> None:
    with pytest.raises(WorkloadError, match=says) as caught:
        parse(text, "job.toml")
    assert len(str(caught.value)) < 300


def test_values_and_commands_may_have_many_lines() -> None:
    job = parse('name = "a"\nimage = "b"\ncommand = "x\\ny"\n[env]\nCERT = "1\\n2"', "job.toml")
    assert (job.command, job.env) == ("x\ny", {"CERT": "1\n2"})


@pytest.mark.parametrize("name", ["", " ", "no\0file", "a/" * 3000, "\udcff.toml"])
def test_what_can_be_no_file_is_not_there(name: str) -> None:
    with pytest.raises(WorkloadError, match="There is no workload file") as caught:
        load(name)
    assert len(str(caught.value)) < 120


def test_a_file_with_a_byte_order_mark_is_a_workload(tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text('name = "a"\nimage = "b"\n', encoding="utf-8-sig")
    assert load(str(tmp_path / "job.toml")).name == "a"
