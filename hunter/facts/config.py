"""Where Hunter lives and what its user set: folders, config.toml, keys."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from hunter.facts.files import read_text
from hunter.facts.strict import read_toml
from hunter.values.amounts import MOST_USD
from hunter.values.billing import Reading
from hunter.values.errors import ConfigError, Misdirected
from hunter.values.keys import checked_key, remember
from hunter.values.units import hours

if TYPE_CHECKING:
    from hunter.values.market_facts import MarketFacts

SANDBOX_KEY = "sandbox"
"""What an embedded market gets for a key."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SandboxConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The embedded market that `--sandbox` opens."""

    offers: Annotated[int, msgspec.Meta(ge=10, le=100_000)] = 2000
    seed: int = 1
    speed: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 30.0
    """Its seconds for one of ours."""


class AdoptConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The limits of an instance of ours whose record was lost: it was found by its label."""

    max_usd_h: Annotated[float, msgspec.Meta(gt=0, le=MOST_USD)] = 5.0
    max_usd: Annotated[float, msgspec.Meta(gt=0, le=MOST_USD)] = 5.0
    ttl: str = "2h"
    """Counted from when it is found."""


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
    adopt: AdoptConfig = msgspec.field(default_factory=AdoptConfig)


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """The folders of one Hunter. A simulated one has folders of its own, always."""

    config_folder: Path
    data_folder: Path
    simulated: bool = False
    config: Config = msgspec.field(default_factory=Config)

    @property
    def reading(self) -> Reading:
        """How contradictions in a market's rules are read."""
        return self.config.reading or ("cheaper" if self.simulated else "dearer")

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders that are nobody else's to read."""
        around = (self.data_folder.parent,) if self.simulated else ()
        return tuple(dict.fromkeys((self.config_folder, *around, self.data_folder)))

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
        config = data = _expanded(named)
        if config.parts[:1] and config.parts[0].startswith("~"):
            raise ConfigError(
                f"{named} begins at a home folder that there is not.",
                remedy="Write the path in full.",
            )
    else:
        import platformdirs  # noqa: PLC0415  25 ms

        try:
            config = Path(platformdirs.user_config_dir("hunter"))
            data = Path(platformdirs.user_data_dir("hunter"))
        except RuntimeError as error:  # containers run users that no list names
            raise ConfigError(
                "This user has no home folder.", remedy="Set HUNTER_HOME, or give --home DIR."
            ) from error
    simulated = sandbox or points_home()
    return Home(
        config_folder=config,
        data_folder=data / "sandbox" if simulated else data,
        simulated=simulated,
        config=read_config(config / "config.toml"),
    )


def words_for(home: Home) -> tuple[str, ...]:
    """The global options that mean this home from anywhere; none where it is the platform's own."""
    data = home.data_folder.parent if home.simulated else home.data_folder
    named = ("--home", str(home.config_folder.absolute())) if data == home.config_folder else ()
    reading = home.config.reading
    said = (
        reading is not None and reading != read_config(home.config_folder / "config.toml").reading
    )
    return (
        *named,
        *(("--sandbox",) if home.simulated else ()),
        *(("--reading", str(reading)) if said else ()),
    )


def _expanded(name: str) -> Path:
    """A path whose `~` is written out; it stays where this user has no home."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def read_config(path: Path) -> Config:
    """The user's settings; defaults where there is no file."""
    try:
        return read_toml(path, Config, remedy="Correct the file, or remove that key.")
    except FileNotFoundError:
        return Config()


def stale_after_s(config: Config) -> float:
    """Age from which a price is stale, in the market's seconds."""
    try:
        return hours(config.stale_after) * 3600
    except ValueError as error:
        raise ConfigError(f"config.toml, stale_after: {error}.", remedy="Correct it.") from error


def is_loopback(url: str) -> bool:
    """Whether a server's address is this machine: no real market is."""
    return _host(url) in LOOPBACK


def points_home() -> bool:
    """Whether the environment points any market at this machine.

    The markets' files are read only where some variable does: who uses real markets pays nothing for it.
    """
    at_home = {name for name, value in os.environ.items() if is_loopback(value)}
    if not at_home:
        return False
    from hunter.facts.shipped import shipped  # noqa: PLC0415  10 ms

    return any(facts.url_variable in at_home for facts in shipped().markets.values())


def is_pointed_home(market: MarketFacts) -> bool:
    """Whether the environment points this market at this machine."""
    return is_loopback(os.environ.get(market.url_variable, ""))


def _host(url: str) -> str | None:
    if not url.startswith(("http://", "https://")):
        return None
    from urllib.parse import urlsplit  # noqa: PLC0415  4 ms, and a ranking asks no server

    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _shown(url: str) -> str:
    """An address for a sentence: short, and without what may be a password in it."""
    return repr(re.sub(r"//[^/]*@", "//***@", url[:100]))


def _is_server(url: str) -> bool:
    """Whether an address is one of a server and of nothing in it: a name or number, a port that can be."""
    from urllib.parse import urlsplit  # noqa: PLC0415  as above

    from hunter.values.login import is_host  # noqa: PLC0415  with it

    if not url.isascii() or not url.isprintable() or set(url) & set(" ?#@\\"):
        return False
    try:
        parts = urlsplit(url)
        port = 443 if parts.port is None else parts.port
        return port > 0 and is_host((parts.hostname or "").strip("[]"))
    except ValueError:
        return False


def base_url(market: MarketFacts) -> str:
    """A market's server: from the variable that the vendor's own client reads, else the real one."""
    name = market.url_variable
    url = os.environ.get(name) or market.base_url
    if not _host(url) or not _is_server(url):
        raise Misdirected(
            f"{name} is {_shown(url)}, which is no address of a server.",
            remedy=f"Write it as https://host, or unset {name}.",
        )
    return url.rstrip("/")


def find_key(market: MarketFacts, *, simulated: bool) -> str | None:
    """A market's key: from the environment, else from the vendor's own file; never copied anywhere.

    A simulated market takes any key, and gets none that was found in a file. Raises ConfigError where what
    is found cannot be a key.
    """
    key = checked_key(os.environ.get(market.key_variable, ""), market.key_variable)
    remember([key])
    if key:
        return key
    return SANDBOX_KEY if simulated else key_in_files(market)[0]


def key_in_files(market: MarketFacts) -> tuple[str | None, Path | None]:
    """The key that the vendor's own files hold, and in which of them it is."""
    for name in market.key_files:
        path = _key_file(name)
        try:
            text = read_text(path, errors="surrogateescape")
        except (OSError, ValueError):
            continue
        key = checked_key(_key_in(text, path), str(path))
        remember([key])
        if key:
            return key, path
    return None, None


def _key_file(name: str) -> Path:
    """Where a vendor's tool keeps a key: under XDG_CONFIG_HOME where that is set, as those tools do."""
    config, at = os.environ.get("XDG_CONFIG_HOME"), "~/.config/"
    if config and os.path.isabs(config) and name.startswith(at):
        return Path(config, name.removeprefix(at))
    return _expanded(name)


def _key_in(text: str, path: Path) -> str:
    """What a vendor's file gives as the key: all that there is, or a setting of a TOML file.

    RunPod's Go client writes `apikey` at the top of the file, its Python client `api_key` below `[default]`.
    """
    if path.suffix != ".toml":
        return text
    try:
        table = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return _line(text, path)
    return _setting(table) or _setting(table.get("default")) or ""


def _setting(table: object) -> str | None:
    """The key in a table, however its name is spelt; None where there is none."""
    if not isinstance(table, dict):
        return None
    found = (
        value
        for name, value in table.items()
        if name.casefold().replace("_", "").replace("-", "") == "apikey"
    )
    return next((value for value in found if isinstance(value, str) and value.strip()), None)


_LINE = re.compile(r"""^[ \t]*["']?api[_-]?key["']?[ \t]*=[ \t]*([^#\n]*)""", re.M | re.I)


def _line(text: str, path: Path) -> str:
    """The key in a file that is not quite TOML: written by hand, without quotes."""
    found = _LINE.search(text)
    key = found[1].strip() if found else ""
    quote = key[:1]
    if quote not in ('"', "'"):
        return key
    if len(key) < 2 or key[-1] != quote:
        raise ConfigError(
            f"{path}: the quotes around api_key are not closed.", remedy="Correct the file."
        )
    return key[1:-1]
