"""Where Hunter lives and what its user set: folders, config.toml, keys."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from hunter.values.billing import Reading
from hunter.values.errors import ConfigError
from hunter.values.keys import checked_key
from hunter.values.units import hours

SANDBOX_KEY = "sandbox"
"""What an embedded market gets for a key."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SandboxConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The embedded market that `--sandbox` opens."""

    offers: Annotated[int, msgspec.Meta(ge=10, le=100_000)] = 2000
    seed: int = 1
    speed: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 30.0
    """Its seconds for one of ours."""


class Config(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """config.toml. Every key may be left out."""

    workload: str = "one-hour"
    """File or sample that is meant where none is named."""
    markets: list[str] | None = None
    """Markets to use; all where left out."""
    stale_after: str = "30m"
    """Older prices are marked stale and are quoted afresh before a launch."""
    reading: Reading | None = None
    """How to read a market that says both that a meter runs and that it does not; `dearer` where left out,
    but `cheaper` in the sandbox, whose meters are known to run so."""
    sandbox: SandboxConfig = msgspec.field(default_factory=SandboxConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The folders of one Hunter. A simulated one has folders of its own, always."""

    config_folder: Path
    data_folder: Path
    simulated: bool = False
    config: Config = field(default_factory=Config)

    @property
    def reading(self) -> Reading:
        """How contradictions in a market's rules are read."""
        return self.config.reading or ("cheaper" if self.simulated else "dearer")

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data_folder / "hunter.db"


def find_home(folder: str | None, *, sandbox: bool) -> Home:
    """The home to use: the folder given, else HUNTER_HOME, else the platform's own folders.

    Markets that the environment points at this machine are simulated, whatever the flag says.
    """
    named = folder or os.environ.get("HUNTER_HOME")
    if named:
        config = data = Path(named).expanduser()
    else:
        import platformdirs  # noqa: PLC0415  25 ms

        config = Path(platformdirs.user_config_dir("hunter"))
        data = Path(platformdirs.user_data_dir("hunter"))
    simulated = sandbox or points_home()
    return Home(
        config_folder=config,
        data_folder=data / "sandbox" if simulated else data,
        simulated=simulated,
        config=read_config(config / "config.toml"),
    )


def read_config(path: Path) -> Config:
    """The user's settings; defaults where there is no file."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Config)
    except FileNotFoundError:
        return Config()
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        key = where.strip("`").removeprefix("$.") or "the file"
        raise ConfigError(
            f"{path}, {key}: {what}.", remedy="Correct or remove that key."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", remedy="Correct the file.") from error


def stale_after_s(config: Config) -> float:
    """Age from which a price is stale, in the market's seconds."""
    try:
        return hours(config.stale_after) * 3600
    except ValueError as error:
        raise ConfigError(f"config.toml, stale_after: {error}.", remedy="Correct it.") from error


def is_loopback(url: str) -> bool:
    """Whether a server's address is this machine: no real market is."""
    return urlsplit(url).hostname in LOOPBACK


def points_home(variables: tuple[str, ...] = ("VAST_URL", "RUNPOD_API_BASE_URL")) -> bool:
    """Whether the environment points any market at this machine."""
    return any(is_loopback(os.environ.get(name, "")) for name in variables)


def base_url(table: dict[str, Any]) -> str:
    """A market's server: from the variable that the vendor's own client reads, else the real one."""
    name: str = table["url_variable"]
    url = os.environ.get(name) or str(table["base_url"])
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"{name} is {url!r}, which is no address of a server.",
            remedy=f"Write it as https://host, or unset {name}.",
        )
    return url.rstrip("/")


_NAMED = re.compile(
    r"""^[ \t]*api_key[ \t]*=[ \t]*(?:(["'])(?P<quoted>.*?)\1|(?P<bare>[^#\n]*))""", re.M | re.S
)


def find_key(table: dict[str, Any], *, simulated: bool) -> str | None:
    """A market's key: from the environment, else from the vendor's own file; never copied anywhere.

    A simulated market takes any key, and gets none that was found in a file. Raises ConfigError where what
    is found cannot be a key.
    """
    variable = table["key_variable"]
    key = checked_key(os.environ.get(variable, ""), variable)
    if key:
        return key
    if simulated:
        return SANDBOX_KEY
    for name in table["key_files"]:
        path = Path(name).expanduser()
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            continue
        key = checked_key(_key_in(text, path), str(path))
        if key:
            return key
    return None


def _key_in(text: str, path: Path) -> str:
    """What a vendor's file gives as the key: a setting of that name, or all that there is."""
    named = _NAMED.search(text)
    if named is None:
        return "" if path.suffix == ".toml" else text
    if named["quoted"] is not None:
        return named["quoted"]
    if named["bare"].startswith(('"', "'")):
        raise ConfigError(
            f"{path}: the quotes around api_key are not closed.", remedy="Correct the file."
        )
    return named["bare"]
