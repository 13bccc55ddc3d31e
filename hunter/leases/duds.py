"""Starts that will not succeed: by the time they take against what was predicted, and by the market's words.

What went wrong has a class: the machine is left alone for as long as such a thing usually lasts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hunter.facts.shipped import shipped
from hunter.leases.lease import PHASE_OF_STATE
from hunter.leases.policy import FAILED
from hunter.store import leases as table
from hunter.store import shunned
from hunter.values.errors import StoreError
from hunter.values.words import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.leases.lease import Lease, Stay
    from hunter.leases.meter import Meter
    from hunter.store.leases import Predicted
    from hunter.values.dud_facts import DudFacts

IMAGE = "image"
"""The class of failures that no other machine would mend."""
HOST = "host"


class Dud(msgspec.Struct, frozen=True, kw_only=True):
    """Why a start counts as failed."""

    kind: str
    """A class of `data/duds.toml`, or IMAGE."""
    why: str


def dud_of(
    lease: Lease, stays: Sequence[Stay], predicted: Sequence[Predicted], now: float, facts: DudFacts
) -> Dud | None:
    """Why a start has failed; None while it may still succeed, and where nothing was predicted for it. Pure.

    Args:
        lease: as it is known.
        stays: the states that it was seen in, up to now.
        predicted: what was expected of it.
        now: its market's time.
        facts: how patient to be.
    """
    if lease.ready_at is not None or lease.state != "waiting":
        return None
    if lease.phase == "failed":
        return Dud(kind=lease.fault or HOST, why=FAILED)
    high_s = {one.quantity: one.high for one in predicted if one.unit == "s" and one.high}
    last = next((stay for stay in reversed(stays)), None)
    least = facts.least_s.start.expected
    if lease.phase == "offline" and last is not None and now - last.begin_s > least:
        took = duration(now - last.begin_s)
        return Dud(kind="offline", why=f"its host has been offline for {took}")
    phase = PHASE_OF_STATE.get(lease.phase or "", "")
    longest_s = high_s.get(phase)
    if longest_s is None or last is None:
        return None
    if phase == "download":  # some markets call everything up to a running container so
        longest_s = sum(s or 0.0 for name, s in high_s.items() if hasattr(facts.least_s, name))
    took_s = sum(s.end_s - s.begin_s for s in stays if PHASE_OF_STATE.get(s.state) == phase)
    least = getattr(facts.least_s, phase).expected if hasattr(facts.least_s, phase) else 0.0
    if took_s > max(least, facts.times_high.expected * longest_s):
        told = f"{duration(took_s)} of {phase}, predicted to take {duration(longest_s)} at most"
        return Dud(kind="slow", why=f"it was given up after {told}")
    silent_s = _silent_s(lease, last, now) if phase == "download" else 0.0
    if silent_s > max(facts.stalled_s.expected, longest_s):
        return Dud(kind="stalled", why=f"its pull got no further for {duration(silent_s)}")
    return None


def _silent_s(lease: Lease, last: Stay, now: float) -> float:
    """For how long a pull that told of its progress has told of none; nil where it never did."""
    at = lease.progress_at
    return now - at if at is not None and at > last.begin_s else 0.0


def find(meter: Meter, lease: Lease, now: float) -> Dud | None:
    """The same from the record; None where that cannot be read."""
    if lease.ready_at is not None or lease.state != "waiting":
        return None
    try:
        stays = meter.stays(lease)
        predicted = table.predicted(meter.ledger.store, lease.lease_id)
    except (StoreError, TypeError, ValueError):
        return None
    return dud_of(lease, stays, predicted, now, shipped().duds)


def shun(meter: Meter, lease: Lease, dud: Dud, now: float) -> None:
    """Remember a machine for as long as its failure usually lasts; what cannot be written is told."""
    lasts = getattr(shipped().duds.shun_h, dud.kind, None)
    if lasts is None or lease.machine_id is None:
        return
    until = now + lasts.expected * 3600
    try:
        shunned.add(
            meter.ledger.store,
            shunned.Shunned(
                market=lease.market, machine_id=lease.machine_id, kind=dud.kind, why=dud.why, at=now,
                until=until,
            ),
        )  # fmt: skip
    except StoreError as error:
        meter.ledger.say(lease, "machine not remembered", str(error))
