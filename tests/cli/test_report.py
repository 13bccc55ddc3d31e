"""Reports as files and on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def test_the_storage_report_sets_keeping_beside_computing(stocked: Path, hunter: Any) -> None:
    target = stocked / "storage.csv"
    assert hunter("report", "storage", "-w", "comfyui-flux", "--csv", str(target)).code == 0
    head, first, *_ = target.read_text().splitlines()
    row = dict(zip(head.split(","), first.split(","), strict=True))
    assert float(row["storage_median_usd_h"]) == pytest.approx(0.144 * 80 / 720)  # 0.016
    # a month of the disk is the price of a GB and month: how many hours a month has plays no part
    assert float(row["storage_stopped_median_usd_month"]) == pytest.approx(0.144 * 80)
    share = 0.016 / (float(row["compute_median_usd_h"]) + 0.016)
    assert float(row["storage_share_median"]) == pytest.approx(share, abs=1e-6)


def test_the_market_report_prints_csv_without_a_file(stocked: Path, hunter: Any) -> None:
    assert hunter("report", "market", "--csv").out.startswith("gpu,gpu_count,")
