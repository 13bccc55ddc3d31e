"""Where Hunter lives: also for users without a home, and settings that are none."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING, NoReturn

import pytest

from hunter.facts.config import Config, Home, find_home, find_key, read_config
from hunter.facts.shipped import shipped
from hunter.payload.ask import home_folder
from hunter.values.errors import ConfigError
from hunter.values.keys import hidden

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user that no list of users names, as containers run them."""

    def unknown(uid: int) -> NoReturn:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.delenv("HOME")


@pytest.mark.usefixtures("nobody")
def test_a_user_without_a_home_needs_only_hunters(home: Path) -> None:
    assert find_home(None, sandbox=False).data_folder == home
    assert find_key(shipped().market("vast"), simulated=False) is None
    assert find_key(shipped().market("runpod"), simulated=False) is None
    assert not home_folder().exists()


@pytest.mark.usefixtures("nobody")
def test_without_any_home_it_is_said_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUNTER_HOME")
    with pytest.raises(ConfigError, match="no home folder") as caught:
        find_home(None, sandbox=False)
    assert "HUNTER_HOME" in caught.value.remedy
    for name in ("~/x", "~nobody-is-called-so/x"):
        with pytest.raises(ConfigError, match="begins at a home folder"):
            find_home(name, sandbox=False)


def test_every_folder_of_a_home_is_named_once(tmp_path: Path) -> None:
    real = Home(config_folder=tmp_path, data_folder=tmp_path, config=Config())
    assert real.folders == (tmp_path,)
    inside = tmp_path / "sandbox"
    simulated = Home(config_folder=tmp_path, data_folder=inside, simulated=True, config=Config())
    assert simulated.folders == (tmp_path, inside)


@pytest.mark.parametrize("make", ["pipe", "folder", "zero", "deep", "dotted", "digits", "escapes"])
def test_settings_that_are_none_are_one_sentence(tmp_path: Path, make: str) -> None:
    place = tmp_path / "config.toml"
    texts = {
        "deep": "a=" + "[" * 9000,
        "dotted": "x." * 9000 + "y=1",
        "digits": "a=" + "7" * 4400,
        "escapes": 'workload="\\u001b]0;x\\u0007"',
    }
    if make == "pipe":
        os.mkfifo(place)
    elif make == "folder":
        place.mkdir()
    elif make == "zero":
        place.symlink_to("/dev/zero")
    else:
        place.write_text(texts[make])
    with pytest.raises(ConfigError, match=r"config\.toml") as caught:
        read_config(place)
    assert len(str(caught.value)) < 300


def test_a_key_from_a_file_is_kept_out_of_messages(home: Path) -> None:
    market = shipped().market("vast")
    place = home / market.key_files[0].removeprefix("~/")
    place.parent.mkdir(parents=True)
    place.write_text("from-a-file-271828\n")
    assert find_key(market, simulated=False) == "from-a-file-271828"
    assert hidden("it said from-a-file-271828") == "it said ***"
    place.unlink()
    os.mkfifo(place)
    assert find_key(market, simulated=False) is None
