"""What cold starts are made of: the type of `data/coldstart.toml`. MB is 10^6 bytes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from hunter.values.billing import HostPriors
from hunter.values.figures import Day, Figure, Positive, Prior, Share, Words

Count = Annotated[int, Meta(ge=1, le=1000)]


class Unpacked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Unpacked bytes for one compressed byte."""

    code: Prior
    """Where nobody says."""
    weights: Prior
    trailer: Prior
    """What a gzip trailer may say: below `low` it speaks of a part only, above `high` of no layer known."""


class RegistryFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a registry takes."""

    layer_limit_bytes: Figure


class Advice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when on a layer is worth a word: bytes, and a share of all bytes."""

    giant_layer_bytes: Figure
    giant_layer_share: Share
    weights_layer_bytes: Figure


class Puller(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one kind of container engine works."""

    slots: Count
    """Layers that download at once."""
    unpack_at_once: Count = 1
    """Layers that are unpacked at once."""
    source: Words = ""
    date: Day = ""


class PullFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast a pull goes, beside the link."""

    unpack_mb_s: Prior
    """What one thread writes of a gzip layer."""
    connection_mb_s: Prior
    write_share: Prior
    write_mb_s: Prior
    layer_s: Prior
    file_s: Prior
    default_layers: Prior
    """Of an image of which only the size is known."""
    default_decay: Share


class Ease(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much faster than gzip a layer's packing is undone."""

    gzip: Figure
    zstd: Figure
    stored_below: Figure
    """A layer that grows by less was never packed."""


class Spread(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a quantity varies, as standard deviations of its logarithm, and how long evidence holds."""

    market: Positive
    """Of a market's usual value about our prior."""
    host: Positive
    machine: Positive
    launch: Positive
    """Between launches on the same machine."""
    half_life_days: Positive
    """After so long a measurement counts half."""
    source: Words = ""
    date: Day = ""


class RunShare(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hours of a run by those that were stated."""

    reference: Prior
    """On the GPU that they were stated for."""
    scaled: Prior
    """On others."""


class App(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A class of programs that start alike."""

    images: tuple[str, ...]
    """Words in an image's name that tell it; the empty word tells any."""
    boot_s: Prior
    warmup_s: Prior


class Load(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Weights on their way to the GPU."""

    from_disk_gb_s: Prior
    from_memory_gb_s: Prior
    cached_below_ram_share: Share
    """Share of the memory below which weights just fetched are still in it."""


class Client(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a downloader takes at most, MB/s, by where the weights come from."""

    huggingface: Prior
    civitai: Prior
    s3: Prior
    url: Prior
    """And any other."""
    file_s: Prior
    """Spent on each file."""

    def of(self, kind: str) -> Prior:
        """The downloader of one kind of weights."""
        known = {"huggingface": self.huggingface, "civitai": self.civitai, "s3": self.s3}
        return known.get(kind, self.url)


class HeldFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a host still has of our own launches."""

    ours_within_days: Figure
    ours: Share


class PlanFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bytes that change when something changes, and of a layer that is cut on purpose."""

    code_bytes: Figure
    lora_bytes: Figure
    layer_bytes: Figure


class ColdStartFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`data/coldstart.toml`, table by table."""

    usual_engine: Words
    """What rented hosts run, as far as anybody can see from outside."""
    engines: dict[Words, Puller]
    unpack: Unpacked
    registry: dict[Words, RegistryFacts]
    """By the registry's host."""
    advice: Advice
    pull: PullFacts
    ease: Ease
    spread: dict[Words, Spread]
    """By quantity."""
    run_share: RunShare
    app: dict[Words, App]
    load: Load
    client: Client
    held: HeldFacts
    plan: PlanFacts
    by_hand: HostPriors
    """Of a host that is described in words."""

    def __post_init__(self) -> None:
        if self.usual_engine not in self.engines:
            raise ValueError(f"usual_engine: no table engines.{self.usual_engine} stands here")
        if not any("" in app.images for app in self.app.values()):
            raise ValueError("app: no class takes every image, with the empty word")

    @property
    def engine(self) -> Puller:
        """What hosts are taken to run."""
        return self.engines[self.usual_engine]
