"""What a timer would find: held against what this shell finds, and refused where it is less or another."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
import pytest

from hunter.schedule import proof
from hunter.schedule.proof import Found, FoundMarket, bare, needs_key, notes, prove, refuse
from hunter.values.errors import HunterError

FILE = FoundMarket(url="https://m.test", key="/home/me/.key", hint="~/.key")
SHELL = FoundMarket(url="https://m.test", key="M_API_KEY", hint="~/.key")
NONE = FoundMarket(url="https://m.test", key=None, hint="~/.key")


def found(market: FoundMarket = FILE, **changes: Any) -> Found:
    plain = Found(
        program="/p", version="1", home="a1b2c3", database="/h/hunter.db", simulated=False,
        markets={"m": market},
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def test_cron_gives_a_home_a_shell_and_a_short_path_and_no_more() -> None:
    assert sorted(bare()) == ["HOME", "PATH", "SHELL"]


def test_a_user_whom_the_machine_does_not_know_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(HunterError, match="no home folder on record"):
        bare()


def test_the_same_as_here_is_good_enough() -> None:
    refuse(found(), found())
    needs_key(found(), found())


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (found(program="/other"), "would run the Hunter 1 in /other"),
        (found(version="0"), "would run the Hunter 0"),
        (found(database="/x/hunter.db"), "would find the database /x/hunter.db"),
        (found(home="ffffff"), "would find the database"),
        (found(markets={}), "would not find the market m"),
        (found(FoundMarket(url="https://x.test", key=None)), "would ask https://x.test for m"),
        (found(FoundMarket(url="", key=None, problem="the quotes are open.")), "the quotes are open"),
    ],
)  # fmt: skip
def test_what_is_another_there_is_refused_by_name(there: Found, said: str) -> None:
    with pytest.raises(HunterError) as refused:
        refuse(there, found())
    assert said in str(refused.value)
    assert refused.value.remedy


def test_a_key_that_only_this_shell_has_is_to_be_put_where_the_timer_finds_it() -> None:
    with pytest.raises(HunterError, match=r"only in this shell \(M_API_KEY\)") as refused:
        needs_key(found(NONE), found(SHELL))
    assert "~/.key" in refused.value.remedy


def test_two_keys_are_two_accounts() -> None:
    here = msgspec.structs.replace(SHELL, same=False)
    with pytest.raises(HunterError, match="wrong account"):
        needs_key(found(), found(here))
    needs_key(found(), found(msgspec.structs.replace(SHELL, same=True, hint="/home/me/.key")))


def test_a_file_that_only_this_shell_knows_of_is_no_key_for_a_timer() -> None:
    here = msgspec.structs.replace(FILE, key="/elsewhere/.key")
    with pytest.raises(HunterError, match=r"only in this shell \(/elsewhere/\.key\)"):
        needs_key(found(), found(here))
    needs_key(found(simulated=True), found(here))


def test_without_any_key_there_is_nothing_to_look_after() -> None:
    with pytest.raises(HunterError, match="No market's key is found"):
        needs_key(found(NONE), found(NONE))


def test_the_very_command_is_run_with_nothing_of_this_shell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET_OF_THIS_SHELL", "x")
    code = (
        "import os, sys; assert sys.argv[1:] == ['--timed', '--check', '--json']\n"
        "assert os.getcwd() == '/'; assert 'SECRET_OF_THIS_SHELL' not in os.environ\n"
        f"print({msgspec.json.encode(found()).decode()!r})"
    )
    environ = bare() | {"HOME": "/"}
    assert prove([sys.executable, "-c", code, "--timed"], found(), environ) == found()


def test_a_command_that_fails_there_says_how() -> None:
    code = "import sys; sys.exit('no such thing')"
    with pytest.raises(HunterError, match="no such thing"):
        prove([sys.executable, "-c", code], found(), bare())
    with pytest.raises(HunterError, match="does not run"):
        prove(["/no/such/hunter"], found(), bare())


def test_the_way_to_markets_that_only_this_shell_knows_is_named() -> None:
    assert notes({}) == ()
    (said,) = notes({"HTTPS_PROXY": "http://u:secret@p", "http_proxy": "x"})
    assert "HTTPS_PROXY" in said
    assert "http_proxy" in said
    assert "secret" not in said
    assert all(name.islower() for name in proof.NEARBY)
