"""GPU models, as `data/gpus.csv` has them. None is unknown."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from hunter.values.figures import Positive, Words


class GpuSpeed(Struct, frozen=True, kw_only=True):
    """What one GPU does in a second."""

    fp16_tflops: Positive | None
    """Dense, tensor cores."""
    mem_bw_gb_s: Positive | None
    vram_gb: Positive | None = None
    """Of the whole GPU."""


class Gpu(GpuSpeed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One GPU model in one memory size."""

    name: Words
    vram_gb: Positive
    """Nominal, as printed on the box."""
    vendor: Literal["NVIDIA", "AMD"]
    arch: Words
    compute_cap: Positive | None
    fp8_tflops: Positive | None
    tdp_w: Positive | None
    fp16_note: str | None
    source: Words
    date: Words


class Country(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A country and its continent, by their codes, with its name in common English; `data/countries.csv`.

    Codes are ISO 3166's, names the tz database's (iso3166.tab), a few of them shortened.
    """

    country: Words
    name: Words
    region: Literal["AF", "AN", "AS", "EU", "NA", "OC", "SA"]
    also: str | None = None
    """What else it is called, parted by `|`: its name and its three letters in ISO 3166, and common names."""
