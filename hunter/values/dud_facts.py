"""When a start counts as failed, and what follows for its machine: the type of `data/duds.toml`."""

from __future__ import annotations

from msgspec import Struct

from hunter.values.figures import Figure


class LeastS(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No phase is given up before that."""

    allocate: Figure
    download: Figure
    start: Figure


class ShunH(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours for which a machine is left alone, by what went wrong."""

    host: Figure
    exited: Figure
    offline: Figure
    slow: Figure
    stalled: Figure
    registry: Figure


class DudFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How patient Hunter is with a start, and with a machine."""

    times_high: Figure
    """Times the longest that was predicted."""
    stalled_s: Figure
    least_s: LeastS
    shun_h: ShunH
