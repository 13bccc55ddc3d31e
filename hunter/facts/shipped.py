"""Facts that ship with Hunter: what `data/` says, read strictly, as values.

`data` is read by path and never imported: its name is too common to be safe as a module.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from hunter.values.billing import METERS, Cell, MarketRules, Prior
from hunter.values.errors import ConfigError

DATA = Path(__file__).resolve().parents[2] / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU model in one memory size. None is unknown."""

    name: str
    vram_gb: float
    """Nominal, as printed on the box."""
    vendor: str
    arch: str
    compute_cap: float | None
    fp16_tflops: float | None
    """Dense, tensor cores."""
    fp8_tflops: float | None
    mem_bw_gb_s: float | None
    tdp_w: float | None
    market_names: dict[str, tuple[str, ...]]
    source: str


class Facts:
    """All facts; each file is read when it is first asked for."""

    def __init__(self, folder: Path = DATA) -> None:
        self.folder = folder

    @cached_property
    def _markets(self) -> dict[str, dict[str, Any]]:
        return tomllib.loads((self.folder / "markets.toml").read_text(encoding="utf-8"))

    def market(self, name: str) -> dict[str, Any]:
        """The table of one market in `markets.toml`: addresses, limits, rules."""
        try:
            return self._markets[name]
        except KeyError:
            known = ", ".join(sorted(self._markets))
            raise ConfigError(
                f"No market is called {name!r}.", remedy=f"Known markets: {known}."
            ) from None

    @cached_property
    def rules(self) -> dict[str, MarketRules]:
        """The billing rules of every market."""
        return {name: _rules(name, table) for name, table in self._markets.items()}

    @cached_property
    def coldstart(self) -> dict[str, Any]:
        """What cold starts are made of, as `coldstart.toml` has it: each value with low, expected, high."""
        return tomllib.loads((self.folder / "coldstart.toml").read_text(encoding="utf-8"))

    @cached_property
    def risk(self) -> dict[str, Any]:
        """What goes wrong, and where weights can be kept, as `risk.toml` has it."""
        return tomllib.loads((self.folder / "risk.toml").read_text(encoding="utf-8"))

    @cached_property
    def gpus(self) -> dict[str, Gpu]:
        """GPU models by our name."""
        with (self.folder / "gpus.csv").open(encoding="utf-8", newline="") as file:
            return {row["name"]: _gpu(row) for row in csv.DictReader(file)}

    @cached_property
    def countries(self) -> dict[str, str]:
        """Continent code by country code."""
        with (self.folder / "countries.csv").open(encoding="utf-8", newline="") as file:
            return {row["country"]: row["region"] for row in csv.DictReader(file)}

    @cached_property
    def _by_market_name(self) -> dict[tuple[str, str], list[Gpu]]:
        index: dict[tuple[str, str], list[Gpu]] = {}
        for gpu in self.gpus.values():
            for market, names in gpu.market_names.items():
                for name in names:
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


def _gpu(row: dict[str, str]) -> Gpu:
    def number(key: str) -> float | None:
        return float(row[key]) if row[key] else None

    return Gpu(
        name=row["name"],
        vram_gb=float(row["vram_gb"]),
        vendor=row["vendor"],
        arch=row["arch"],
        compute_cap=number("compute_cap"),
        fp16_tflops=number("fp16_tflops"),
        fp8_tflops=number("fp8_tflops"),
        mem_bw_gb_s=number("mem_bw_gb_s"),
        tdp_w=number("tdp_w"),
        market_names={
            market: tuple(name for name in row[f"{market}_names"].split("|") if name)
            for market in ("vast", "runpod")
        },
        source=row["source"],
    )


def _rules(name: str, table: dict[str, Any]) -> MarketRules:
    phases = {
        phase: {meter: Cell(**cells[meter]) for meter in METERS}
        for phase, cells in table["phases"].items()
    }
    keys = ("title", "month_h", "bandwidth_bytes_per_gb", "storage_usd_gb_month",
            "storage_stopped_usd_gb_month", "inet_usd_gb", "stop_keeps_disk", "step_s",
            "minimum_s")  # fmt: skip
    return MarketRules(
        name=name,
        phases=phases,
        priors={key: Prior(**prior) for key, prior in table["priors"].items()},
        **{key: table[key] for key in keys if key in table},
    )


@lru_cache(maxsize=1)
def shipped() -> Facts:
    """The facts that this installation ships with."""
    return Facts()
