"""Facts as values: what `data/` says, and what the plug-ins of other markets bring.

`data` is read by path and never imported: its name is too common to be safe as a module.
"""

from __future__ import annotations

import csv
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from hunter.facts.plugins import Plugin, plugins
from hunter.facts.strict import ROOT, convert, read_toml
from hunter.values.coldstart_facts import ColdStartFacts
from hunter.values.dud_facts import DudFacts
from hunter.values.errors import ConfigError, MarketUnusable
from hunter.values.gpus import Country, Gpu
from hunter.values.market_facts import MarketFacts
from hunter.values.risk_facts import RiskFacts
from hunter.values.storage_prices import StoragePrices

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from hunter.values.gpu_names import GpuNames
    from hunter.values.workload import Workload

DATA = ROOT / "data"
ALSO_CALLED = {"UK": "GB"}
"""Codes in use that ISO 3166 reserves and does not assign."""
STATES_TOO = ("GE",)
"""Countries whose name alone may mean a state of another."""


class Facts:
    """All facts; each file is read when it is first asked for."""

    def __init__(self, folder: Path = DATA, *, markets: Mapping[str, Plugin] | None = None) -> None:
        """Facts of a folder, and of these markets or all there are."""
        self.folder = folder
        self._plugins = markets

    @cached_property
    def plugins(self) -> Mapping[str, Plugin]:
        """Where each market comes from, usable or not."""
        return plugins() if self._plugins is None else self._plugins

    @cached_property
    def _read(self) -> dict[str, MarketFacts | MarketUnusable]:
        found: dict[str, MarketFacts | MarketUnusable] = {}
        for name, plugin in self.plugins.items():
            try:
                found[name] = market_facts(plugin)
            except MarketUnusable as error:
                found[name] = error
        return found

    @cached_property
    def markets(self) -> dict[str, MarketFacts]:
        """The facts of every market that can be used."""
        return {n: facts for n, facts in self._read.items() if isinstance(facts, MarketFacts)}

    @cached_property
    def unusable(self) -> dict[str, MarketUnusable]:
        """Markets whose plug-ins bring no facts that can be read, and why."""
        return {n: error for n, error in self._read.items() if isinstance(error, MarketUnusable)}

    def market(self, name: str) -> MarketFacts:
        """The facts of one market; ConfigError says why there are none."""
        if name in self.unusable:
            raise self.unusable[name]
        try:
            return self.markets[name]
        except KeyError:
            raise ConfigError(
                f"No market is called {name!r}.",
                remedy=f"Known markets: {', '.join(self.markets)}.",
            ) from None

    @cached_property
    def coldstart(self) -> ColdStartFacts:
        """What cold starts are made of."""
        return read_toml(self.folder / "coldstart.toml", ColdStartFacts)

    @cached_property
    def risks(self) -> RiskFacts:
        """What goes wrong on any market."""
        return read_toml(self.folder / "risk.toml", RiskFacts)

    @cached_property
    def duds(self) -> DudFacts:
        """When a start counts as failed, and for how long its machine is left alone."""
        return read_toml(self.folder / "duds.toml", DudFacts)

    @cached_property
    def storage_prices(self) -> StoragePrices:
        """Where weights can be kept outside any market."""
        return read_toml(self.folder / "storage.toml", StoragePrices)

    @cached_property
    def guard(self) -> str:
        """The dead-man switch of rented machines, a script for sh."""
        return (self.folder / "guard.sh").read_text(encoding="utf-8")

    @cached_property
    def gpus(self) -> dict[str, Gpu]:
        """GPU models by our name."""
        return {gpu.name: gpu for gpu in self._rows("gpus.csv", list[Gpu])}

    @cached_property
    def gpu_names(self) -> GpuNames:
        """What each GPU may be called; a market's facts may add models that our table lacks."""
        from hunter.values.gpu_names import GpuNames  # noqa: PLC0415  most names are ours as they are

        theirs = [market.gpu_names for market in self.markets.values()]
        models = dict.fromkeys(ours for names in theirs for ours in names)
        return GpuNames(
            models | {gpu.name: gpu.vram_gb for gpu in self.gpus.values()},
            [(alias, ours) for names in theirs for ours, also in names.items() for alias in also],
        )

    def named(self, workload: Workload, place: str, on_sale: Collection[str] = ()) -> Workload:
        """The workload with our names of its GPUs; WorkloadError where one is unknown.

        Args:
            workload: as its user wrote it.
            place: of the workload, for the sentence.
            on_sale: further names that are known.
        """
        if workload.gpus_named <= self.gpus.keys():
            return workload
        from hunter.values.gpu_names import named  # noqa: PLC0415  as above

        return named(workload, self.gpu_names.also(on_sale), place)

    @cached_property
    def _countries(self) -> list[Country]:
        found: list[Country] = self._rows("countries.csv", list[Country])
        return found

    @cached_property
    def countries(self) -> dict[str, str]:
        """Continent code by country code."""
        return {one.country: one.region for one in self._countries}

    @cached_property
    def _country_names(self) -> dict[str, str]:
        return {
            name.casefold(): one.country
            for one in self._countries
            for name in (one.name, *(one.also or "").split("|"))
            if name
        }

    def country(self, text: str) -> str | None:
        """The code of a country that is given by its code or its English name, else None.

        Georgia is none: it may be the state.
        """
        code = text.strip().upper()
        code = ALSO_CALLED.get(code, code)
        if code in self.countries:
            return code
        named = self._country_names.get(" ".join(text.split()).casefold())
        return None if named in STATES_TOO else named

    def _rows(self, name: str, type_: Any) -> Any:
        """A table in CSV, an empty cell being unknown."""
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            rows = [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]
        return convert(rows, type_, f"data/{name}", strict=False)

    @cached_property
    def _by_market_name(self) -> dict[tuple[str, str], list[Gpu]]:
        index: dict[tuple[str, str], list[Gpu]] = {}
        for market, facts in self.markets.items():
            for gpu in self.gpus.values():
                for name in facts.names_of(gpu.name):
                    index.setdefault((market, name), []).append(gpu)
        return index

    def gpu_of(self, market: str, market_gpu: str, vram_gb: float) -> Gpu | None:
        """The model that a market's name and memory size mean; None where we do not know it.

        Args:
            market: the market's name.
            market_gpu: its name of the model.
            vram_gb: memory of one GPU in about-GB; drivers report a little less than is printed on the box.
        """
        candidates = self._by_market_name.get((market, market_gpu), [])
        near = [gpu for gpu in candidates if abs(gpu.vram_gb - vram_gb) <= 0.15 * gpu.vram_gb]
        return min(near, key=lambda gpu: abs(gpu.vram_gb - vram_gb), default=None)


def market_facts(plugin: Plugin) -> MarketFacts:
    """One market's file. What ships must be right; a plug-in's mistake is MarketUnusable."""
    file = plugin.facts_file
    given = {"name": plugin.name, "reading": "dearer"}
    if plugin.shipped:
        return read_toml(file, MarketFacts, given=given)
    try:
        return read_toml(file, MarketFacts, given=given)
    except ConfigError as error:
        raise plugin.unusable(str(error)) from error


@lru_cache(maxsize=1)
def shipped() -> Facts:
    """The facts of this installation."""
    return Facts()
