"""The check against real pulls: its fit and its score, on pulls that the model itself made up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.pulls.fit import Machine, Row, fit, predict
from bench.pulls.images import MB, Blob, Image
from bench.pulls.table import Score, reached, table

TRUE = Machine(share=0.95, unpack_mb_s=130.0, write_mb_s=190.0, layer_s=0.05, file_s=2e-4)


def image(name: str, *layers: tuple[int, int, int]) -> Image:
    blobs = tuple(
        Blob(f"sha256:{name}{n}", "", packed * MB, out * MB, files)
        for n, (packed, out, files) in enumerate(layers)
    )
    return Image(name, "gzip", blobs)


def pulled(name: str, mbit: float, *layers: tuple[int, int, int]) -> Row:
    made_up = Row(image(name, *layers), "docker", mbit, (1.0,))
    return replace(made_up, seconds=(predict(made_up, TRUE),))


def test_a_machine_is_found_again_from_pulls_of_other_images() -> None:
    found = fit(
        [
            pulled("code", 2000.0, (140, 330, 2500)),
            pulled("many", 2000.0, *[(4, 9, 60)] * 26),
            pulled("files", 2000.0, (30, 70, 14_000), (20, 45, 30)),
            pulled("raw", 2000.0, (130, 130, 2), (95, 95, 1)),
            pulled("slow", 200.0, (130, 130, 2), (95, 95, 1)),
        ]
    )
    unseen = pulled("unseen", 400.0, (20, 50, 300), (150, 360, 900), (40, 40, 1))
    assert predict(unseen, found) == pytest.approx(unseen.measured, rel=0.05)


def test_the_score_is_the_mean_and_the_worst_share() -> None:
    # 10% too long, 30% too short
    score = Score.of([11.0, 7.0], [10.0, 10.0])
    assert (score.mape, score.worst) == pytest.approx((0.2, 0.3))


def test_the_target_is_missed_by_a_poor_model_and_by_one_no_better_than_dividing() -> None:
    assert reached(Score(0.05, 0.2), Score(0.5, 0.9))
    assert not reached(Score(0.13, 0.2), Score(0.5, 0.9))
    assert not reached(Score(0.05, 0.31), Score(0.5, 0.9))
    assert not reached(Score(0.05, 0.2), Score(0.06, 0.2))


def test_each_pull_is_a_row_beside_bytes_by_bandwidth() -> None:
    row = pulled("one", 100.0, (100, 240, 10))
    last = table([row], {"docker": TRUE}).splitlines()[-1]
    assert "| +0% | 8.0 |" in last  # 100 MB × 8 / 100 Mbit/s
