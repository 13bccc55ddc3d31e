"""What a user may type for money and time: finite, positive and bounded, refused before any market is asked."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING, Any

import click
import pytest
from msgspec.structs import replace

from hunter.cli.main import hunter as door
from hunter.cli.options import MOMENT, MONEY, TTL, Amount, Duration, KeyValues
from hunter.facts.workload_file import parse
from hunter.leases.lease import Caps
from hunter.values.amounts import (
    LEAST_TTL_S,
    MOST_TTL_S,
)
from hunter.values.errors import HunterError, MarketError, UsageError, WorkloadError

if TYPE_CHECKING:
    from pathlib import Path


NO_MONEY = ["nan", "NaN", "inf", "-inf", "infinity", "0", "0.0", "-1", "1e7", "1000001", "9" * 400, "1e400",
            "1e-400", "٣", "１", "1_0", "0x10", "", " ", "free", "1,5", "1.2.3", "+1", "1\n", "9" * 120_000]  # fmt: skip
NO_TTL = ["0s", "0h", "59s", "366d", "9000h", "99999999999h", "nanh", "infh", "-2h", "٢h", "２h", "1h\n", "2", "h",
          "", "2 weeks", "1e3h", "9" * 400 + "h", "9" * 120_000 + "s", "1s" * 60_000]  # fmt: skip
FLAGS = ("--max-usd-h", "1", "--max-usd", "1", "--ttl", "2h")


def with_flag(flag: str, value: str) -> list[str]:
    words = list(FLAGS)
    words[words.index(flag) + 1] = value
    return words


@pytest.mark.parametrize(
    ("flag", "value"),
    [(flag, value) for flag in ("--max-usd-h", "--max-usd") for value in NO_MONEY]
    + [("--ttl", value) for value in NO_TTL],
)
def test_a_launch_with_impossible_caps_is_one_sentence_and_asks_nobody(
    home: Path, hunter: Any, flag: str, value: str
) -> None:
    begun = time.monotonic()
    answer = hunter(
        "launch", "vast:1", "-w", "one-hour", "--yes", "--json", *with_flag(flag, value)
    )
    assert time.monotonic() - begun < 2.0
    assert (answer.code, answer.json["exit_code"]) == (2, 2)
    assert answer.json["error"].startswith(f"{flag}: ")
    assert len(answer.json["error"]) < 200
    assert answer.json["remedy"].startswith("Write it as ")
    assert not (home / "hunter.db").exists()


@pytest.mark.parametrize(
    "limits",
    ["max_usd_h = nan", "max_usd_run = inf", "max_usd_h = 1e7", "max_usd_h = 0", 'ttl = "0s"', 'ttl = "59s"',
     'ttl = "99999999999h"', 'ttl = "nan"', 'ttl = "366d"', f"max_usd_h = {'9' * 400}",
     f"max_usd_h = {'9' * 5000}", f"ttl = '{'9' * 5000}h'", "max_usd_h = " + "[" * 5000],
)  # fmt: skip
def test_limits_of_a_workload_file_are_as_bounded(
    home: Path, hunter: Any, tmp_path: Path, limits: str
) -> None:
    job = tmp_path / "job.toml"
    job.write_text(f'name = "a"\nimage = "b"\n[limits]\n{limits}\n')
    answer = hunter("launch", "vast:1", "-w", str(job), "--yes")
    assert answer.code == 2
    assert answer.err.startswith(f"hunter: {job}")
    assert "→" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    "line",
    ["disk_gb = nan", "disk_gb = inf", f"disk_gb = {'9' * 400}", "run.hours = nan", "run.hours = 0",
     "run.hours = 1e7", "run.every = '0h'", f"run.every = '{'9' * 120_000}h'", "run.egress_gb = nan",
     "gpu.vram_gb = nan", "start.boot_s = inf", "demand = {request_s = nan, hourly = [1.0]}",
     "run.speed = {'RTX 4090' = nan}"],
)  # fmt: skip
def test_no_number_of_a_workload_file_is_infinite_or_nothing(line: str) -> None:
    with pytest.raises(WorkloadError) as caught:
        parse(f'name = "a"\nimage = "b"\n{line}\n', "job.toml")
    assert caught.value.remedy


@pytest.mark.parametrize(
    "settings",
    ['stale_after = "0s"', 'stale_after = "999999999h"', f'stale_after = "{"9" * 5000}h"', "[sandbox]\nspeed = nan",
     "[sandbox]\nspeed = inf", f"[sandbox]\noffers = {'9' * 5000}"],
)  # fmt: skip
def test_no_number_of_the_settings_is_either(stocked: Path, hunter: Any, settings: str) -> None:
    (stocked / "config.toml").write_text(settings + "\n")
    answer = hunter("deals")
    assert answer.code == 2
    assert "config.toml" in answer.err
    assert len(answer.err) < 400


@pytest.mark.parametrize(
    "words",
    [
        ("storage", "--idle", "0s"), ("storage", "--idle", "9" * 120_000 + "h"), ("demand", "--timeout", "0s"),
        ("demand", "--timeout", "infs"), ("deals", "--max-age", "-1h"), ("deals", "--max-age", "0s"),
        ("deals", "--max-age", "٣h"), ("report", "market", "--since", "9" * 400 + "h"),
        ("report", "spend", "--until", "0s"), ("report", "spend", "--since", "٢٠٢٦-01-01"),
        ("storage", "--by-hand", "gpu_usd_h=nan,disk_usd_h=0.01,start_s=30"),
        ("storage", "--by-hand", "gpu_usd_h=1,disk_usd_h=inf,start_s=30"),
        ("storage", "--by-hand", "gpu_usd_h=1,disk_usd_h=1,start_s=" + "9" * 400),
        ("storage", "--by-hand", "gpu_usd_h=1,gpu_usd_h=2,disk_usd_h=1,start_s=1"),
        ("coldstart", "--host", "down_mbps=1,down_mbps=2"), ("sandbox", "serve", "--speed", "nan"),
        ("sandbox", "serve", "--speed", "inf"), ("sandbox", "serve", "--speed", "3601"),
        ("sandbox", "serve", "--seed", "-1"), ("deals", "--limit", "9" * 400),
    ],
)  # fmt: skip
def test_every_command_refuses_such_amounts(
    stocked: Path, hunter: Any, words: tuple[str, ...]
) -> None:
    answer = hunter(*words)
    assert answer.code == 2
    assert answer.err.startswith("hunter: ")
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "1e99", "٣", "1_0", "9" * 400])
def test_a_host_by_hand_is_described_in_finite_numbers(
    home: Path, hunter: Any, tmp_path: Path, value: str
) -> None:
    job = tmp_path / "job.toml"
    job.write_text(
        'name = "a"\n[image]\nref = "b"\ncompressed_gb = 1\nunpacked_gb = 2\nweights_gb = 1\n'
    )
    host = f"down_mbps={value}"
    answer = hunter("coldstart", "-w", str(job), "--host", host)
    assert (answer.code, "down_mbps" in answer.err) == (2, True)


def test_every_option_for_money_or_time_has_one_of_these_types() -> None:
    words = {"usd", "ttl", "idle", "timeout", "age", "since", "until", "hand", "host", "speed"}
    typed = (Amount, Duration, KeyValues, type(MOMENT))
    for path, option in options(door, click.Context(door), "hunter"):
        if words & set((option.name or "").replace("_s", "").split("_")):
            assert isinstance(option.type, typed), (path, option.name)
        assert not isinstance(option.type, click.types.FloatParamType | click.FloatRange), path


def options(
    command: click.Command, ctx: click.Context, path: str
) -> list[tuple[str, click.Parameter]]:
    found = [(path, option) for option in command.params]
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None
            found += options(below, ctx, f"{path} {name}")
    return found


# ── the types of options ─────────────────────────────────────────────────────────────────────


def test_types_give_what_was_meant() -> None:
    assert MONEY.convert("0.60", None, None) == 0.6
    assert TTL.convert("1m", None, None) == LEAST_TTL_S
    assert TTL.convert("365d", None, None) == MOST_TTL_S
    assert KeyValues({"a": "x", "b": "y"}).convert("a=1, b=2=3", None, None) == {
        "a": "1",
        "b": "2=3",
    }


# ── caps ─────────────────────────────────────────────────────────────────────────────────────

GOOD = Caps(max_usd_h=1.0, max_usd=2.0, ttl_s=3600.0)


@pytest.mark.parametrize("name", ["max_usd_h", "max_usd", "ttl_s"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e9])
def test_there_are_no_caps_that_cap_nothing(name: str, value: float) -> None:
    with pytest.raises(UsageError) as caught:
        replace(GOOD, **{name: value})
    assert caught.value.remedy


@pytest.mark.parametrize("ttl_s", [LEAST_TTL_S, MOST_TTL_S])
def test_the_shortest_and_the_longest_life_are_caps(ttl_s: float) -> None:
    assert replace(GOOD, ttl_s=ttl_s).ttl_s == ttl_s


# ── ending several ───────────────────────────────────────────────────────────────────────────


class Rentals:
    """Ends what it can; what it cannot, fails in the way that the name says."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def destroy(self, name: str) -> Any:
        self.asked.append(name)
        failures: dict[str, Exception] = {
            "unknown": UsageError("no such lease", remedy="look"),
            "unproven": MarketError("may still run", remedy="again"),
            "broken": KeyError("id"),
        }
        raise failures[name]


@pytest.mark.parametrize(
    ("names", "code"),
    [(("unknown", "unproven"), 1), (("unproven", "unknown", "broken"), 1), (("unknown", "unknown"), 2)],
)  # fmt: skip
def test_destroy_goes_on_whatever_becomes_of_the_first(
    home: Path, hunter: Any, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], code: int
) -> None:
    rentals = Rentals()
    monkeypatch.setattr(
        "hunter.leases.leases.Leases.destroy", lambda _, name, why, proof: rentals.destroy(name)
    )
    answer = hunter("destroy", *names, "--json")
    assert rentals.asked == list(names)
    assert answer.code == code
    assert [one["id"] for one in json.loads(answer.out)["destroyed"]] == list(names)
    assert all(f"{name}: " in answer.err for name in names)
    assert isinstance(UsageError("x"), HunterError)
