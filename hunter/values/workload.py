"""What must run, and what must travel for it."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace


class ImageLayer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer of an image: it travels and is unpacked by itself."""

    digest: str | None
    compressed_bytes: float
    unpacked_bytes: float
    packing: str = "gzip"
    """gzip, zstd or plain."""


class Fetch(msgspec.Struct, frozen=True, kw_only=True):
    """Weights that are fetched at start from one source. None is unknown."""

    ref: str
    kind: str
    """huggingface, civitai, s3 or url."""
    n_bytes: float | None
    files: tuple[tuple[str, float], ...] = ()
    """Names and bytes, as far as they are known."""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes that travel before the first useful second. None is unknown."""

    image_bytes: float | None = None
    """Compressed, as the registry sends it."""
    image_unpacked_bytes: float | None = None
    layers: tuple[ImageLayer, ...] = ()
    """The base first; empty where only the sizes above are known."""
    fetches: tuple[Fetch, ...] = ()
    """Weights fetched at start; empty where they are baked into the image."""
    baked_bytes: float = 0.0
    """Weights inside the image: they are loaded to the GPU too."""

    @property
    def weights_bytes(self) -> float | None:
        """All that is fetched at start."""
        sizes = [fetch.n_bytes for fetch in self.fetches]
        return None if None in sizes else sum(size or 0.0 for size in sizes)

    @property
    def model_bytes(self) -> float | None:
        """All that is loaded to the GPU."""
        fetched = self.weights_bytes
        return None if fetched is None else fetched + self.baked_bytes


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What the user knows about how the program starts. None leaves it to what images like it do."""

    app: str | None = None
    """A class of `data/coldstart.toml`: vllm, llama.cpp, torch, script."""
    boot_s: float | None = None
    load_gb_s: float | None = None
    warmup_s: float | None = None


class GpuNeed(msgspec.Struct, frozen=True, kw_only=True):
    """Which GPUs a workload runs on."""

    count: int = 1
    vram_gb: float = 0.0
    """Per GPU, at least."""
    models: tuple[str, ...] = ()
    """Our names for them; empty: any that fits."""
    cuda: float | None = None
    """The CUDA version that the image needs, at least."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the workload."""

    hours: float = 1.0
    """Useful hours, on the reference GPU where one is named."""
    reference_gpu: str | None = None
    bound: str = "compute"
    """What it waits for: compute or memory; how other GPUs compare with the reference."""
    speed: dict[str, float] = msgspec.field(default_factory=dict)
    """Measured speeds of other GPUs, the reference being 1; they override."""
    every_h: float | None = None
    """One run each so many hours."""
    interruptible: bool = False
    """May be cut short and begun again."""
    checkpoint_every_h: float | None = None
    deadline: str | None = None
    egress_gb: float = 0.0


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """A day of requests."""

    hourly: tuple[float, ...]
    """Requests in each of 24 hours, from midnight on."""
    request_s: float
    """Seconds of one request on the reference GPU."""
    timeout_s: float | None = None
    """The idle time-out in use; None looks for the best."""
    wait_usd_h: float = 0.0
    """What an hour of a user's waiting is worth."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The most that the user wants to spend. None is no limit."""

    max_usd_h: float | None = None
    max_usd_run: float | None = None
    ttl_h: float | None = None


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """A job: its image, its weights, the hardware it needs, how long and how often it runs."""

    name: str
    image: str
    weights: tuple[str, ...] = ()
    disk_gb: float = 20.0
    gpu: GpuNeed = msgspec.field(default_factory=GpuNeed)
    run: Run = msgspec.field(default_factory=Run)
    limits: Limits = msgspec.field(default_factory=Limits)
    demand: Demand | None = None
    payload: Payload = msgspec.field(default_factory=Payload)
    start: Start = msgspec.field(default_factory=Start)
    env: dict[str, str] = msgspec.field(default_factory=dict)
    command: str | None = None
    """What the container runs at start; its image's own command where None."""
    ports: tuple[str, ...] = ()
    families: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Names of GPUs that were given and that several models share, and what they were taken as."""
    guard: str = "wanted"
    """Whether its instance carries a dead-man switch: required, wanted or off."""

    @property
    def gpus_named(self) -> set[str]:
        """Every name of a GPU in it."""
        reference = {self.run.reference_gpu} if self.run.reference_gpu is not None else set[str]()
        return {*self.gpu.models, *self.run.speed, *reference}


def varied(
    workload: Workload,
    *,
    hours: float = 1.0,
    disk: float = 1.0,
    image: float = 1.0,
    interruptible: bool | None = None,
) -> Workload:
    """What if it ran so many times as long, or needed so many times the disk or the image?

    Args:
        workload: with the sizes that are known.
        hours: factor on the useful hours.
        disk: factor on the disk.
        image: factor on the image's bytes; its layers are then taken as images usually have them.
        interruptible: whether bids are considered; None leaves it.
    """
    run, payload = workload.run, workload.payload
    if image != 1.0:
        known = (payload.image_bytes, payload.image_unpacked_bytes)
        packed, unpacked = (None if n is None else n * image for n in known)
        payload = replace(payload, image_bytes=packed, image_unpacked_bytes=unpacked, layers=())
    taken = run.interruptible if interruptible is None else interruptible
    return replace(
        workload,
        disk_gb=workload.disk_gb * disk,
        run=replace(run, hours=run.hours * hours, interruptible=taken),
        payload=payload,
    )
