"""The check against real pulls, as far as it needs none: fit, table, images on the shelf, missing tools."""

from __future__ import annotations

import gzip
import json
import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench.pulls import plan, rig
from bench.pulls.fit import Machine, Row, calibrate, from_json, predict, to_json
from bench.pulls.images import PACKERS, Blob, Image, Layer, Recipe, Shelf
from bench.pulls.table import Score, figures, reached, scores, table

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = Machine(
    share=0.95,
    cap_mb_s=400,
    unpack_mb_s=120,
    zstd_ease=2.5,
    write_mb_s=260,
    layer_s=0.06,
    file_s=1.5e-4,
)


def image(*sizes: tuple[float, float, int], codec: str = "gzip") -> Image:
    blobs = [
        Blob(f"sha256:{n}", f"sha256:d{n}", int(c * 1e6), int(u * 1e6), f)
        for n, (c, u, f) in enumerate(sizes)
    ]
    return Image("made-up", codec, tuple(blobs))


def pulled(what: Image, mbit: float, engine: str = "docker", noise: float = 1.0) -> Row:
    row = Row(what, engine, mbit, (1.0,))
    return Row(what, engine, mbit, (predict(row, MACHINE) * noise,))


TRAINING = [
    pulled(image((120, 330, 2500)), 2000),
    pulled(image(*[(4, 9, 60)] * 26), 2000),
    pulled(image((30, 80, 14_000), (20, 45, 30)), 2000),
    pulled(image((130, 130, 2), (60, 60, 4)), 200),
    pulled(image((130, 130, 2), (60, 60, 4), (95, 95, 1)), 4000),
    pulled(image((100, 280, 2800), (25, 60, 3000), codec="zstd"), 2000),
]


def test_a_machine_is_found_again_from_its_pulls() -> None:
    found = calibrate(TRAINING)["docker"]
    unseen = [
        pulled(image((40, 100, 900), (200, 200, 2)), 400),
        pulled(image(*[(12, 30, 250)] * 12), 800),
        pulled(image((60, 160, 2000), codec="zstd"), 2000),
    ]
    for row in unseen:
        assert predict(row, found) == pytest.approx(row.measured, rel=0.05)


def test_stored_layers_wait_for_the_disk_alone() -> None:
    stored = Row(image((200, 200, 1)), "docker", 8000, (1.0,))
    slow = Machine(share=1, cap_mb_s=1000, unpack_mb_s=1, write_mb_s=100, layer_s=0, file_s=0)
    assert predict(stored, slow) == pytest.approx(0.2 + 2.0)


def test_the_registry_caps_a_fast_link() -> None:
    row = Row(image((400, 400, 1)), "docker", 80_000, (1.0,))
    machine = Machine(share=1, cap_mb_s=400, unpack_mb_s=1e9, write_mb_s=1e9, layer_s=0, file_s=0)
    assert predict(row, machine) == pytest.approx(1.0)


def test_rows_survive_a_file() -> None:
    row = pulled(image((10, 25, 3), codec="zstd"), 50, "containerd")
    assert from_json(json.loads(json.dumps(to_json(row)))) == row


def test_a_score_is_the_mean_and_the_worst_share() -> None:
    score = Score.of([11.0, 8.0, 10.0], [10.0, 10.0, 10.0])
    assert score.mape == pytest.approx(0.1)
    assert score.worst == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("model", "naive", "good"),
    [
        (Score(0.08, 0.2), Score(0.4, 0.8), True),
        (Score(0.13, 0.2), Score(0.4, 0.8), False),
        (Score(0.08, 0.31), Score(0.4, 0.8), False),
        (Score(0.08, 0.2), Score(0.1, 0.8), False),
    ],
)
def test_the_target(model: Score, naive: Score, good: bool) -> None:
    assert reached(model, naive) is good


def test_the_table_has_a_line_for_each_row() -> None:
    rows = [
        pulled(image((100, 100, 1)), 100),
        Row(image((20, 50, 9)), "docker", 400, (2.0, 2.2, 2.4)),
    ]
    lines = table(rows, {"docker": MACHINE}).splitlines()
    assert len(lines) == 4
    assert len({line.count("|") for line in lines}) == 1
    assert "(once)" in lines[2]
    assert "| 2.2 | 18% |" in lines[3]
    assert "| docker | 0.950 | 400 | 120 | cannot |" in figures({"docker": MACHINE})
    assert scores(rows[:1], {"docker": MACHINE})[0].worst == pytest.approx(0.0)


def test_a_shelved_image_is_what_its_rows_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Programs:
        def take(self, rng: np.random.Generator, size: int, *, training: bool) -> bytes:
            return b"\x7fELF text " * (size // 10) + bytes(size % 10)

    monkeypatch.setitem(PACKERS, "gzip", ["gzip", "-n", "-c"])
    recipe = Recipe(
        "tiny", (Layer("code", 0.2, 5), Layer("weights", 0.1, 2), Layer("bf16", 0.1, 1))
    )
    built = Shelf(tmp_path, Programs()).add(recipe)  # type: ignore[arg-type]
    v2 = tmp_path / "docker" / "registry" / "v2"
    digest = (v2 / "repositories/t/tiny/_manifests/tags/v1/current/link").read_text()

    def blob(name: str) -> bytes:
        word = name.removeprefix("sha256:")
        return (v2 / "blobs" / "sha256" / word[:2] / word / "data").read_bytes()

    manifest = json.loads(blob(digest))
    assert [layer["size"] for layer in manifest["layers"]] == [
        one.compressed for one in built.blobs
    ]
    assert json.loads(blob(manifest["config"]["digest"]))["rootfs"]["diff_ids"] == [
        one.diff_id for one in built.blobs
    ]
    for layer, one in zip(recipe.layers, built.blobs, strict=True):
        (tmp_path / "tar").write_bytes(gzip.decompress(blob(one.digest)))
        assert (tmp_path / "tar").stat().st_size == one.unpacked
        with tarfile.open(tmp_path / "tar") as tar:
            assert len(tar.getnames()) == layer.files
    assert built.blobs[1].compressed == pytest.approx(built.blobs[1].unpacked, rel=0.2)  # tar pads


def test_calibration_and_test_share_no_image() -> None:
    trained = {cell.recipe.name for cell in plan.calibration()}
    assert not trained & {cell.recipe.name for cell in plan.full()}
    assert all(cell.recipe.training for cell in plan.calibration())
    assert not any(cell.recipe.training for cell in plan.full())
    assert sum(len(cell.rates) for cell in plan.full()) >= 30
    assert sum(len(cell.rates) for cell in plan.quick()) == 6


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "root" in (rig.missing() or "")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(
        "shutil.which", lambda tool: None if tool in {"dockerd", "tc"} else f"/bin/{tool}"
    )
    lacking = rig.missing() or ""
    assert "dockerd, tc not found" in lacking
    assert "docker.io iproute2" in lacking
