"""Ways of keeping, in short."""

from __future__ import annotations

import math

from msgspec.structs import replace

from hunter.cost.keeping import Way


def kept(
    keep: float | None, warm: float | None = 0.0, cold: float | None = 1.0, *, tau: float = math.inf,
    left: float = 1.0,
) -> Way:  # fmt: skip
    return Way(
        name="kept", says="", keep_usd_h=keep, warm_usd=warm, cold_usd=cold, warm_s=0.0,
        taken_after_h=tau, left=left,
    )  # fmt: skip


def fetched(usd_each: float) -> Way:
    return replace(kept(0.0, usd_each, usd_each), name="fetched")
