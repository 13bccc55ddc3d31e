"""The command line on a database without servers: output, exit codes, one sentence for each mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.cli.main import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path


def test_global_options_may_stand_before_or_after_the_command(stocked: Path, hunter: Any) -> None:
    assert hunter("--json", "deals").json["workload"] == hunter("deals", "--json").json["workload"]


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


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_a_line_in_the_list(hunter: Any, command: str) -> None:
    text = hunter(command, "--help").out
    assert text.startswith("Usage: hunter")
    assert COMMANDS[command][1] in hunter("--help").out
