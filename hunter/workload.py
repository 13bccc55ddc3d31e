"""What must run, and what must travel for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The bytes that travel before the first useful second. None is unknown."""

    image_bytes: float | None = None
    """Compressed, as the registry sends it."""
    image_unpacked_bytes: float | None = None
    weights_bytes: float | None = None
    """Fetched at start; 0 where the weights are baked into the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuNeed:
    """Which GPUs a workload runs on."""

    count: int = 1
    vram_gb: float = 0.0
    """Per GPU, at least."""
    models: tuple[str, ...] = ()
    """Our names for them; empty: any that fits."""
    cuda: float | None = None
    """The CUDA version that the image needs, at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the workload."""

    hours: float = 1.0
    """Useful hours, on the reference GPU where one is named."""
    reference_gpu: str | None = None
    every_h: float | None = None
    """One run each so many hours."""
    interruptible: bool = False
    """May be cut short and begun again."""
    checkpoint_every_h: float | None = None
    deadline: str | None = None
    egress_gb: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that the user wants to spend. None is no limit."""

    max_usd_h: float | None = None
    max_usd_run: float | None = None
    ttl_h: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A job: its image, its weights, the hardware it needs, how long and how often it runs."""

    name: str
    image: str
    weights: tuple[str, ...] = ()
    disk_gb: float = 20.0
    gpu: GpuNeed = field(default_factory=GpuNeed)
    run: Run = field(default_factory=Run)
    limits: Limits = field(default_factory=Limits)
    payload: Payload = field(default_factory=Payload)
    env: dict[str, str] = field(default_factory=dict)
    command: str | None = None
    """What the container runs at start; its image's own command where None."""
    ports: tuple[str, ...] = ()


_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_HOURS = {"s": 1 / 3600, "m": 1 / 60, "h": 1.0, "d": 24.0}


def hours(text: str) -> float:
    """A duration as hours; ValueError where it is none.

    >>> hours("1h30m"), hours("10m") * 60, hours("2d")
    (1.5, 10.0, 48.0)
    """
    rest = _DURATION.sub("", text).strip()
    parts = _DURATION.findall(text)
    if rest or not parts:
        raise ValueError(f"{text!r} is no duration: write 90s, 10m, 1h30m or 2d")
    return sum(float(number) * _HOURS[unit] for number, unit in parts)


def duration(seconds: float) -> str:
    """Seconds as people write them, two units at most.

    >>> duration(59.4), duration(3720), duration(200000)
    ('59s', '1h02m', '2d07h')
    """
    total = round(seconds)
    if total < 60:
        return f"{total}s"
    if total < 3600:
        return f"{total // 60}m{total % 60:02d}s"
    if total < 86400:
        return f"{total // 3600}h{total % 3600 // 60:02d}m"
    return f"{total // 86400}d{total % 86400 // 3600:02d}h"
