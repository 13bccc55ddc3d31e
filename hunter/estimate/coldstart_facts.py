"""What cold starts are made of, as values: `data/coldstart.toml`, read strictly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hunter.estimate.beliefs import Spread
from hunter.estimate.pull import Puller
from hunter.values.billing import Prior

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ENGINE = "docker"
"""What rented hosts run, as far as anybody can see from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A class of programs that start alike."""

    name: str
    images: tuple[str, ...]
    """Words in an image's name that tell it."""
    boot_s: Prior
    warmup_s: Prior


@dataclass(frozen=True, slots=True, kw_only=True)
class Popular:
    """Images that a market keeps ready on many of its machines."""

    market: str
    images: tuple[str, ...]
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStartFacts:
    """What cold starts are made of: `data/coldstart.toml` as values. MB is 10^6 bytes."""

    engine: Puller
    """What hosts are taken to run."""
    engines: Mapping[str, Puller]
    spreads: Mapping[str, Spread]
    apps: tuple[App, ...]
    popular: tuple[Popular, ...]
    unpack_mb_s: Prior
    connection_mb_s: Prior
    write_share: Prior
    write_mb_s: Prior
    layer_s: Prior
    file_s: Prior
    default_layers: int
    default_decay: float
    zstd_ease: float
    stored_below: float
    code_ratio: float
    """Unpacked bytes for one compressed one, where nobody says."""
    load_disk_gb_s: Prior
    load_memory_gb_s: Prior
    in_memory_below: float
    """Share of the memory below which weights just fetched are still in it."""
    clients: Mapping[str, Prior]
    """What a downloader takes at most, by where the weights come from."""
    weights_file_s: Prior
    plan_code_bytes: float
    plan_adapter_bytes: float
    plan_layer_bytes: float
    by_hand: Mapping[str, Prior]
    """Of a host that is described in words."""
    run_share: Prior
    """Hours of a run by those that were stated, on the GPU that they were stated for."""
    run_share_scaled: Prior
    """And on other GPUs."""
    held_days: float
    held_chance: float

    def app_of(self, image: str, named: str | None = None) -> App:
        """The class of programs that an image belongs to: the named one, else by the image's name."""
        by_name = {app.name: app for app in self.apps}
        if named in by_name:
            return by_name[named]
        low = image.lower()
        return next(app for app in self.apps if any(word in low for word in app.images))


def coldstart_facts_from(table: dict[str, Any]) -> ColdStartFacts:
    """The table of `data/coldstart.toml` as values."""
    pull, load, held = table["pull"], table["load"], table["held"]
    engines = {
        name: Puller(name=name, slots=row["slots"], unpack_at_once=row["unpack_at_once"])
        for name, row in table["engine"].items()
    }
    spreads = {
        quantity: Spread(**{key: value for key, value in row.items() if key != "source"})
        for quantity, row in table["spread"].items()
    }
    apps = tuple(
        App(
            name=name,
            images=tuple(row["images"]),
            boot_s=Prior(**row["boot_s"]),
            warmup_s=Prior(**row["warmup_s"]),
        )
        for name, row in table["app"].items()
    )
    popular = tuple(
        Popular(market=row["market"], images=tuple(row["images"]), chance=row["chance"]["expected"])
        for row in table["popular"]
    )
    clients = {kind: Prior(**row) for kind, row in table["client"].items() if kind != "file_s"}
    return ColdStartFacts(
        engine=engines[DEFAULT_ENGINE],
        engines=engines,
        spreads=spreads,
        apps=apps,
        popular=popular,
        unpack_mb_s=Prior(**table["unpack_mb_s"]["prior"]),
        **{
            key: Prior(**pull[key])
            for key in ("connection_mb_s", "write_share", "write_mb_s", "layer_s", "file_s")
        },
        default_layers=pull["default_layers"]["expected"],
        default_decay=pull["default_decay"]["expected"],
        zstd_ease=table["ease"]["zstd"]["expected"],
        stored_below=table["ease"]["stored_below"]["expected"],
        code_ratio=table["unpack"]["code"]["expected"],
        load_disk_gb_s=Prior(**load["from_disk_gb_s"]),
        load_memory_gb_s=Prior(**load["from_memory_gb_s"]),
        in_memory_below=load["cached_below_ram_share"]["expected"],
        clients=clients,
        weights_file_s=Prior(**table["client"]["file_s"]),
        plan_code_bytes=table["plan"]["code_bytes"]["expected"],
        plan_adapter_bytes=table["plan"]["lora_bytes"]["expected"],
        plan_layer_bytes=table["plan"]["layer_bytes"]["expected"],
        by_hand={key: Prior(**row) for key, row in table["by_hand"].items()},
        run_share=Prior(**table["run_share"]["reference"]),
        run_share_scaled=Prior(**table["run_share"]["scaled"]),
        held_days=held["ours_within_days"]["expected"],
        held_chance=held["ours"]["expected"],
    )
