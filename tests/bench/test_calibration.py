"""The embedded market beside a list of real machines, here one that is made up."""

from __future__ import annotations

import csv
import tomllib
from typing import TYPE_CHECKING

import pytest

from bench import calibration
from hunter.sandbox.facts import sandbox_facts
from hunter.sandbox.world import EPOCH_S, World

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = [
    "machine_id",
    "gpu",
    "gpu_count",
    "price_usd_h",
    "rented",
    "cpu_cores",
    "ram_gb",
    "disk_tb",
    "disk_mb_s",
    "inet_down_mbps",
    "inet_up_mbps",
    "inet_down_usd_tb",
    "inet_up_usd_tb",
    "storage_usd_gb_month",
]


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """Forty machines of two GPUs each, one of them rented on every second; the dear ones are free."""
    place = tmp_path / "machines.csv"
    with place.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for n in range(40):
            price = 0.3 + 0.01 * n
            down = 0 if n == 0 else 500 + n
            for gpus, rented in ((1, n < 20), (2, n < 20)):
                table.writerow(
                    [n, "RTX 4090", gpus, price, rented, 16 * gpus, 64 * gpus, gpus, 3000, down,
                     800, 2.67, 4, 0.2]
                )  # fmt: skip
    return place


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["bench.calibration", *words])
    return calibration.main()


def test_the_facts_are_tables_as_the_market_reads_them(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, str(snapshot), "--facts") == 0
    kind = tomllib.loads(capsys.readouterr().out)["vast"]["kinds"]["RTX 4090"]
    shipped = sandbox_facts()["vast"]["kinds"]["RTX 4090"]
    assert kind.keys() == shipped.keys()
    assert kind["machines_of_size"] == {"2": 40}
    assert kind["free_by_price_quarter"] == [0, 0, 1, 1]
    assert set(kind["disk_gb"]) == {1000}  # of one GPU
    assert set(kind["cores"]) == {16}


def test_a_link_that_was_not_measured_is_not_a_link_of_nothing(snapshot: Path) -> None:
    unmeasured = [row for row in calibration.read(snapshot) if row.machine == "0"]
    assert all("down_mbps" not in row.values for row in unmeasured)


def test_free_traffic_is_a_price_all_the_same(snapshot: Path) -> None:
    text = snapshot.read_text().replace(",2.67,", ",0,")
    snapshot.write_text(text)
    assert all(row.values["down_usd_tb"] == 0 for row in calibration.read(snapshot))


def test_quartiles_that_are_far_off_are_marked_and_counted(snapshot: Path) -> None:
    real = calibration.read(snapshot)
    assert calibration.compare(real, real)[-1].startswith("0 of ")
    market = calibration.market_rows(World(sandbox_facts(), 1, 2_000), EPOCH_S)
    lines = calibration.compare(real, market)
    assert any("usd_h rented" in line and line.endswith("off") for line in lines)
    assert not lines[-1].startswith("0 of ")


def test_without_a_snapshot_there_is_nothing_to_compare_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, str(tmp_path / "none.csv")) == 0
    assert "skipped" in capsys.readouterr().out
