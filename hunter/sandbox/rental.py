"""What somebody rents in the embedded market: its record, from the create to long after its end."""

from __future__ import annotations

import msgspec


class Turn(msgspec.Struct, array_like=True):
    """The state changes at a time."""

    at: float
    state: str
    message: str = ""
    why: str = ""
    """What brought it about: plan, user, outbid, host, contract, credit."""


class Flow(msgspec.Struct, array_like=True):
    """Bytes that pass evenly between two times."""

    begin: float
    end: float
    bytes_in: float
    bytes_out: float
    kind: str
    """image, weights or results."""


class Mark(msgspec.Struct, array_like=True):
    """The container prints that a phase of its own has begun."""

    at: float
    phase: str
    n_bytes: float = 0.0


class Rental(msgspec.Struct, kw_only=True):
    """One rental of either market. Times are simulated unix seconds; rates are frozen at the create."""

    number: int
    """The contract: Vast's instance id, and what RunPod's is made of."""
    market: str
    account: str
    machine: int
    """Row of the machine among Vast's, or a number of RunPod's host."""
    gpu: str
    gpu_count: int
    place: str = ""
    cloud: str = ""
    """RunPod: SECURE or COMMUNITY."""
    image: str
    label: str | None = None
    env: dict[str, str] = {}
    runtype: str = "ssh"
    onstart: str | None = None
    args: list[str] = []
    ports: str = ""
    disk_gb: float
    volume_gb: float = 0.0
    bid_usd_h: float | None = None
    """All GPUs together; None on demand."""
    gpu_usd_h: float
    """On demand, all GPUs together."""
    storage_usd_gb_month: float
    storage_stopped_usd_gb_month: float
    down_usd_gb: float = 0.0
    up_usd_gb: float = 0.0
    """$ for each GB of the market's own meter (2^30 bytes on Vast)."""
    created_at: float
    end_at: float
    intended: str = "running"
    history: list[Turn] = []
    plan: list[Turn] = []
    flows: list[Flow] = []
    marks: list[Mark] = []
    bids: list[tuple[float, float]] = []
    """Since when which bid is paid, all GPUs together."""
    reachable_at: float | None = None
    starts: int = 0
    destroyed_at: float | None = None
    mount_path: str = ""
    network_volume: str = ""
    """RunPod: the volume that is attached, which outlives the pod."""
    cuda: str | None = None
    locked: bool = False
    own_key: str = ""
    """What is in its environment: a key that reads, starts, stops and ends this rental, and no other."""
    template: str | None = None
    registry: str = ""
    """RunPod: the login that its image is fetched with."""
    entrypoint: list[str] = []
    """RunPod: in place of the image's; `args` are what it is started with."""
    ssh_keys: dict[str, str] = {}
    """Vast: public keys that open it, by number."""

    @property
    def turn(self) -> Turn:
        """The latest change of state."""
        return self.history[-1]

    @property
    def state(self) -> str:
        """What it is in now, as of the last advance."""
        return self.turn.state

    @property
    def holds_gpus(self) -> bool:
        """Whether its GPUs are kept from others."""
        return self.destroyed_at is None and self.state not in ("stopped", "offline")


class Volume(msgspec.Struct, kw_only=True):
    """Storage that is rented apart from any machine, in one data centre. Rates are frozen at the create."""

    volume_id: str
    name: str
    center: str
    tier: str
    sizes: list[tuple[float, int]]
    """Since when how many GB; it only grows."""
    usd_gb_month: float
    beyond_usd_gb_month: float
    """For what is above `tier_gb`."""
    tier_gb: int
    created_at: float
    deleted_at: float | None = None

    @property
    def size_gb(self) -> int:
        """GB now."""
        return self.sizes[-1][1]
