"""Workload files: TOML in, a Workload out, with the place of every mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from hunter.facts.container import check_container
from hunter.facts.files import is_there, read_text, why
from hunter.facts.shipped import shipped
from hunter.facts.strict import ROOT, convert, table_of
from hunter.values.amounts import LEAST_TTL_S, MOST_TTL_S, shortened
from hunter.values.errors import WorkloadError
from hunter.values.references import kind_of
from hunter.values.text import cleaned
from hunter.values.units import BYTES_PER_GB, hours
from hunter.values.workload import Demand, Fetch, GpuNeed, Limits, Payload, Run, Start, Workload

Positive = Annotated[float, msgspec.Meta(gt=0, le=1e6)]
HOURS_A_DAY = 24
NotNegative = Annotated[float, msgspec.Meta(ge=0, le=1e6)]


class _Image(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    ref: str
    compressed_gb: NotNegative | None = None
    unpacked_gb: NotNegative | None = None
    weights_gb: NotNegative | None = None


class _Start(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    app: str | None = None
    boot_s: NotNegative | None = None
    load_gb_s: Positive | None = None
    warmup_s: NotNegative | None = None


class _Weights(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    ref: str
    gb: NotNegative | None = None


class _Gpu(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    count: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    vram_gb: NotNegative = 0.0
    models: list[str] = []
    cuda: Positive | None = None


class _Run(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    hours: Positive = 1.0
    reference_gpu: str | None = None
    bound: Literal["compute", "memory"] = "compute"
    speed: dict[str, Positive] = {}
    every: str | None = None
    interruptible: bool = False
    checkpoint_every: str | None = None
    deadline: str | None = None
    egress_gb: NotNegative = 0.0


class _Demand(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    hourly: list[NotNegative] | None = None
    csv: str | None = None
    request_s: Positive
    timeout: str | None = None
    wait_usd_h: NotNegative = 0.0


class _Limits(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    max_usd_h: Positive | None = None
    max_usd_run: Positive | None = None
    ttl: str | None = None


class _Guard(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    machine: Literal["required", "wanted", "off"] = "wanted"


class _File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str
    image: str | _Image
    weights: list[str | _Weights] = []
    disk_gb: Positive = 20.0
    gpu: _Gpu = msgspec.field(default_factory=_Gpu)
    run: _Run = msgspec.field(default_factory=_Run)
    limits: _Limits = msgspec.field(default_factory=_Limits)
    guard: _Guard = msgspec.field(default_factory=_Guard)
    start: _Start = msgspec.field(default_factory=_Start)
    demand: _Demand | None = None
    env: dict[str, str] = {}
    command: str | None = None
    ports: list[str] = []


def samples() -> dict[str, Path]:
    """The workloads that ship with Hunter, by name."""
    return {path.stem: path for path in sorted((ROOT / "data" / "workloads").glob("*.toml"))}


def load(name_or_path: str) -> Workload:
    """A workload from a file, or a sample by its name; WorkloadError says where it is wrong."""
    path = Path(name_or_path)
    known = samples()
    if not name_or_path or not is_there(path):
        if name_or_path not in known:
            raise WorkloadError(
                f"There is no workload file {shortened(name_or_path)}.",
                remedy=f"Give a TOML file, or a sample: {', '.join(known)}.",
            )
        path = known[name_or_path]
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise WorkloadError(
            f"{cleaned(str(path))} cannot be read: {why(error)}.", remedy="Give a TOML file."
        ) from error
    return parse(text, str(path))


def parse(text: str, place: str) -> Workload:
    """The text of a workload file as a Workload; `place` names it in errors."""
    table = table_of(text, place, error=WorkloadError, free=("env", "command"))
    file = convert(
        table, _File, place, error=WorkloadError,
        remedy="docs/workload.md lists every key of a workload file.",
    )  # fmt: skip
    job = _workload(file, place)
    if job.ports or job.env:
        check_container(job, place, shipped())
    return shipped().named(job, place) if job.gpus_named else job


def _hours(text: str | None, place: str, key: str) -> float | None:
    if text is None:
        return None
    try:
        return hours(text)
    except ValueError as error:
        raise WorkloadError(f"{place}, {key}: {error}.", remedy="Correct the duration.") from error


def _ttl_h(text: str | None, place: str) -> float | None:
    ttl_h = _hours(text, place, "limits.ttl")
    if ttl_h is not None and not LEAST_TTL_S <= ttl_h * 3600 <= MOST_TTL_S:
        raise WorkloadError(
            f"{place}, limits.ttl: {text!r} is not between 1m and 365d.",
            remedy="Write it as 90m or 2h.",
        )
    return ttl_h


def _bytes(gb: float | None) -> float | None:
    return None if gb is None else gb * BYTES_PER_GB


def _demand(table: _Demand, place: str) -> Demand:
    if (table.hourly is None) == (table.csv is None):
        raise WorkloadError(
            f"{place}, demand: it needs either hourly or csv.", remedy="Give one of the two."
        )
    if table.csv is not None:
        from hunter.facts.demand_file import hourly  # noqa: PLC0415  csv, only where it is named

        figures = hourly(Path(place).parent / table.csv)
    else:
        figures = tuple(table.hourly or ())
    if len(figures) != HOURS_A_DAY:
        raise WorkloadError(
            f"{place}, demand.hourly: it has {len(figures)} figures, and a day has 24 hours.",
            remedy="Give one figure an hour, from midnight on; 0 where nobody asks.",
        )
    if not any(figures):
        raise WorkloadError(
            f"{place}, demand: nobody ever asks.", remedy="Give the requests of each hour."
        )
    timeout_h = _hours(table.timeout, place, "demand.timeout")
    return Demand(
        hourly=figures,
        request_s=table.request_s,
        timeout_s=None if timeout_h is None else timeout_h * 3600,
        wait_usd_h=table.wait_usd_h,
    )


def _workload(file: _File, place: str) -> Workload:
    image = file.image if isinstance(file.image, _Image) else _Image(ref=file.image)
    weights = [w if isinstance(w, _Weights) else _Weights(ref=w) for w in file.weights]
    payload = Payload(
        image_bytes=_bytes(image.compressed_gb),
        image_unpacked_bytes=_bytes(image.unpacked_gb),
        fetches=tuple(Fetch(ref=w.ref, kind=kind_of(w.ref), n_bytes=_bytes(w.gb)) for w in weights),
        baked_bytes=_bytes(image.weights_gb) or 0.0,
    )
    if not image.ref.strip():
        raise WorkloadError(f"{place}, image: it names no image.", remedy="Give an image's name.")
    return Workload(
        name=file.name,
        image=image.ref,
        weights=tuple(w.ref for w in weights),
        disk_gb=file.disk_gb,
        gpu=GpuNeed(
            count=file.gpu.count,
            vram_gb=file.gpu.vram_gb,
            models=tuple(file.gpu.models),
            cuda=file.gpu.cuda,
        ),
        run=Run(
            hours=file.run.hours,
            reference_gpu=file.run.reference_gpu,
            bound=file.run.bound,
            speed=dict(file.run.speed),
            every_h=_hours(file.run.every, place, "run.every"),
            interruptible=file.run.interruptible,
            checkpoint_every_h=_hours(file.run.checkpoint_every, place, "run.checkpoint_every"),
            deadline=file.run.deadline,
            egress_gb=file.run.egress_gb,
        ),
        limits=Limits(
            max_usd_h=file.limits.max_usd_h,
            max_usd_run=file.limits.max_usd_run,
            ttl_h=_ttl_h(file.limits.ttl, place),
        ),
        demand=None if file.demand is None else _demand(file.demand, place),
        payload=payload,
        start=Start(**msgspec.structs.asdict(file.start)),
        env=dict(file.env),
        command=file.command,
        ports=tuple(file.ports),
        guard=file.guard.machine,
    )
