"""The command line on a database without servers: output, exit codes, one sentence for each mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.cli.main import COMMANDS
from hunter.markets.protocol import Scope
from hunter.store import Store, polls
from hunter.values.columns import Listing, Offers
from tests.builders import offer

if TYPE_CHECKING:
    from pathlib import Path

DEAL_FIELDS = [
    "rank",
    "offer",
    "market",
    "gpu",
    "gpu_count",
    "vram_gb",
    "location",
    "tenancy",
    "price_usd_h",
    "storage_usd_gb_month",
    "storage_stopped_usd_gb_month",
    "inet_down_usd_gb",
    "inet_up_usd_gb",
    "inet_down_mbps",
    "reliability",
    "age_s",
    "all_in_usd_h",
    "cold_start_s",
    "cold_start_usd",
    "run_usd",
    "useful_hour_usd",
    "break_even_idle_h",
    "percentile",
    "launchable",
]


def test_deals_have_every_promised_field(stocked: Path, hunter: Any) -> None:
    answer = hunter("deals", "-w", "one-hour", "--json")
    assert answer.code == 0
    assert set(answer.json) == {"as_of", "workload", "deals"}
    assert [deal["offer"] for deal in answer.json["deals"]] == ["vast:2:bid", "vast:1"]
    assert not set(DEAL_FIELDS) - set(answer.json["deals"][0])
    assert answer.json["deals"][0]["location"] is None


def test_old_prices_are_marked_and_cannot_be_launched(stocked: Path, hunter: Any) -> None:
    deal = hunter("deals", "-w", "one-hour", "--json").json["deals"][0]
    assert (deal["stale"], deal["launchable"]) == (True, False)
    assert "stale" in hunter("deals", "-w", "one-hour").out


def test_global_options_may_stand_before_or_after_the_command(stocked: Path, hunter: Any) -> None:
    assert hunter("--json", "deals").json["workload"] == hunter("deals", "--json").json["workload"]


def test_the_same_question_has_the_same_answer_until_the_prices_change(
    stocked: Path, hunter: Any
) -> None:
    first, again = (hunter("deals", "-w", "one-hour", "--json").json for _ in range(2))
    assert [d["run_usd"] for d in again["deals"]] == [d["run_usd"] for d in first["deals"]]
    store = Store(stocked / "hunter.db")
    cheaper = Offers.of([offer("RTX 4090 $0.1/h #3")])
    polls.record(store, Listing(market="vast", offers=cheaper, complete=True), Scope(), 3.0, 4.0)
    store.close()
    assert [d["offer"] for d in hunter("deals", "-w", "one-hour", "--json").json["deals"]] == [
        "vast:3"
    ]
    assert hunter("deals", "-w", "llm-server", "--json").code == 3


def test_an_explained_bill_adds_up(stocked: Path, hunter: Any) -> None:
    bill = hunter("explain", "vast:1", "--json").json
    assert sum(line["usd"] for line in bill["lines"]) == pytest.approx(bill["run_usd"])
    assert all(line["source"] for line in bill["lines"])
    assert "expected run" in hunter("explain", "vast:1").out


def test_csv_goes_to_stdout_and_notes_to_stderr(stocked: Path, hunter: Any) -> None:
    lines = hunter("deals", "--csv").out.splitlines()
    assert lines[0].startswith("rank,offer,market,gpu,")
    assert len(lines) == 3


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


def test_nothing_running_is_only_said_when_nobody_was_silent(home: Path, hunter: Any) -> None:
    assert hunter("ps", "--json").json == {"instances": [], "unexplained": [], "unknown": []}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("deals --gpu RTX_9999", 2, "No GPU is called"),
        ("deals -w nope.toml", 2, "no workload file"),
        ("deals --market moon", 2, "No market is called"),
        ("deals --region Atlantis", 3, "region removed"),
        ("deals --max-age 1m", 3, "age removed"),
        ("deals --max-age soon", 2, "no duration"),
        ("deals --limit 0", 2, "0 is not in the range"),
        ("scrape --market moon", 2, "No market is called"),
        ("explain nonsense", 2, "is no offer"),
        ("explain vast:99", 3, "No recorded offer"),
        ("launch", 2, "Missing argument"),
        ("destroy nothing", 2, "No lease or instance"),
        ("report market --since 2026-01-01 --until 2026-01-02", 3, "No prices are recorded"),
        ("report market --since yesterday", 2, "is no time"),
        ("report market --csv /nonexistent/x.csv", 1, "cannot be written"),
        ("frobnicate", 2, "No such command"),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_code(
    stocked: Path, hunter: Any, words: str, code: int, says: str
) -> None:
    answer = hunter(*words.split())
    assert (answer.code, says in answer.err) == (code, True), answer.err
    assert "Traceback" not in answer.err


def test_a_mistake_in_json_is_json(home: Path, hunter: Any) -> None:
    answer = hunter("deals", "--gpu", "zzz", "--json")
    assert answer.json["exit_code"] == 2
    assert answer.json["remedy"]


def test_a_broken_config_names_file_and_key(home: Path, hunter: Any) -> None:
    (home / "config.toml").write_text("[sandbox]\nspeed = 'fast'\n")
    answer = hunter("deals")
    assert answer.code == 2
    assert "config.toml, sandbox.speed" in answer.err


def test_renting_without_caps_is_refused(stocked: Path, hunter: Any, tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text('name = "a"\nimage = "b"\n')
    answer = hunter("launch", "vast:1", "-w", str(tmp_path / "job.toml"), "--yes")
    assert answer.code == 2
    assert "--max-usd-h, --max-usd, --ttl is missing" in answer.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_a_line_in_the_list(hunter: Any, command: str) -> None:
    text = hunter(command, "--help").out
    assert text.startswith("Usage: hunter")
    assert COMMANDS[command][1] in hunter("--help").out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(hunter: Any, shell: str) -> None:
    assert "_HUNTER_COMPLETE" in hunter("completion", shell).out
