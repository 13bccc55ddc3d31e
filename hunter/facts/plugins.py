"""Which markets there are: those that ship, and those that installed packages bring.

A market is an entry point of the group `hunter.markets`: its name, and the module that defines its adapter,
beside which lies its file of facts, `facts.toml`. Ours ship their facts as `data/markets/NAME.toml`, and are
known by these files, without any metadata.

Others are found by reading `entry_points.txt` of what is installed in the folders of `sys.path`: 2 ms where
160 packages are installed. `importlib.metadata` answers the same, but takes 40 ms to load and another 8 to
answer: a third of a ranking. Nothing of a plug-in is imported before its market is opened.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from hunter.facts.strict import ROOT
from hunter.values.errors import MarketUnusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GROUP = "hunter.markets"
FACTS = "facts.toml"
SHIPPED = ROOT / "data" / "markets"


class Plugin(Struct, frozen=True, kw_only=True):
    """Where a market comes from."""

    name: str
    module: str
    attribute: str = "MARKET"
    """Its adapter, in that module."""
    shipped: bool = False

    @property
    def facts_file(self) -> Path:
        """Its file of facts, found without running the plug-in; MarketUnusable where there is none."""
        if self.shipped:
            return SHIPPED / f"{self.name}.toml"
        try:
            found = importlib.util.find_spec(self.module)
        except Exception as error:
            raise self.unusable(f"{type(error).__name__}: {error}") from error
        if found is None or found.origin is None:
            raise self.unusable(f"no module {self.module} is installed")
        file = Path(found.origin).parent / FACTS
        if not file.is_file():
            raise self.unusable(f"{file} is missing")
        return file

    def unusable(self, why: str) -> MarketUnusable:
        """This market left aside, in one sentence."""
        return MarketUnusable(
            f"The market {self.name} cannot be used: {why.removesuffix('.')}.",
            remedy=f"Correct or uninstall the package that brings {self.module}.",
        )


def plugins(folders: Iterable[str] | None = None) -> dict[str, Plugin]:
    """Every market by its name, in alphabetical order; ours cannot be replaced by others of their name."""
    path = tuple(sys.path if folders is None else folders)
    found = {name: Plugin(name=name, module=module, attribute=attribute)
             for name, module, attribute in _installed(path)}  # fmt: skip
    found |= {
        file.stem: Plugin(name=file.stem, module=f"{GROUP}.{file.stem}", shipped=True)
        for file in SHIPPED.glob("*.toml")
    }
    return dict(sorted(found.items()))


def facts_files() -> tuple[Path, ...]:
    """The files of facts of every market that does not ship, as far as there are any."""
    found = []
    for plugin in plugins().values():
        if not plugin.shipped:
            with suppress(MarketUnusable):
                found.append(plugin.facts_file)
    return tuple(found)


@lru_cache(maxsize=8)
def _installed(folders: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Name, module and attribute of each entry point; of two with one name the first on the path is meant."""
    found = dict[str, tuple[str, str, str]]()
    for text in _entry_point_files(folders):
        for name, value in _of_group(text):
            module, _, attribute = value.partition(":")
            found.setdefault(name, (name, module.strip(), attribute.strip() or "MARKET"))
    return tuple(found.values())


def _entry_point_files(folders: Iterable[str]) -> Iterator[str]:
    for folder in dict.fromkeys(folders):
        try:
            with os.scandir(folder or ".") as entries:
                infos = [e.path for e in entries if e.name.endswith((".dist-info", ".egg-info"))]
        except OSError:  # a path that is no folder: an archive, or nothing
            continue
        for info in infos:
            try:
                with open(f"{info}/entry_points.txt", encoding="utf-8") as file:
                    text = file.read()
            except (OSError, UnicodeDecodeError):
                continue
            if GROUP in text:
                yield text


def _of_group(text: str) -> Iterator[tuple[str, str]]:
    """The entries of our group in an `entry_points.txt`.

    >>> list(_of_group("[console_scripts]\\na = b\\n\\n[hunter.markets]\\nthird = third_market\\n"))
    [('third', 'third_market')]
    """
    group = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            group = line.strip("[]")
        elif group == GROUP and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()
