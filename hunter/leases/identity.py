"""Whose an instance is, by its label. A label names the home and the lease; nothing else proves anything.

Ids are a market's: they are met again, and come in answers that belong to something else. A label is ours:
it is in the create, it is unique, and every listing says it back.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hunter.leases.lease import Lease
    from hunter.markets.protocol import Instance

Whose = Literal["ours", "lost", "elsewhere", "foreign"]
"""Of a lease of ours; of this home, but of no lease; of another home of Hunter's; of nobody we know."""

_LABEL = re.compile(r"hunter-([0-9a-f]{6})-([0-9a-f]{8})(?:-|$)")
SAME_START_S = 30.0
"""Two creates of one id within this time are one: an instance that was given another name. A create is
answered within half of it, and no id comes back so soon."""


class Label(msgspec.Struct, frozen=True):
    """What a label says."""

    home: str
    lease_id: str


def new_home() -> str:
    """A name for a home, made once for each database."""
    return secrets.token_hex(3)


def label_of(home: str, lease_id: str) -> str:
    """The name that a lease's instance carries at its market.

    >>> label_of("a1b2c3", "00c0ffee")
    'hunter-a1b2c3-00c0ffee'
    """
    return f"hunter-{home}-{lease_id}"


def read_label(text: str | None) -> Label | None:
    """What a label says; None where it is none of Hunter's.

    >>> read_label("hunter-a1b2c3-00c0ffee")
    Label(home='a1b2c3', lease_id='00c0ffee')
    >>> read_label("hunter-my-own-box") is None
    True
    """
    found = _LABEL.match(text or "")
    return None if found is None else Label(home=found[1], lease_id=found[2])


def whose(instance: Instance, home: str, leases: Mapping[str, Lease]) -> Whose:
    """Whose an instance is.

    Args:
        instance: as its market lists it.
        home: this home's name.
        leases: all that were ever on record, whatever their state, by label.
    """
    if instance.label in leases:
        return "ours"
    label = read_label(instance.label)
    if label is None:
        return "foreign"
    return "lost" if label.home == home else "elsewhere"


def is_of(instance: Instance, lease: Lease) -> bool:
    """Whether an instance is the one of a lease: by its label, whatever its id is.

    One that has the lease's id and another label is not, unless it was created when the lease was: then
    somebody has only given it another name. A market that tells no label cannot be asked for it.
    """
    if instance.label == lease.label:
        return True
    if instance.instance_id != lease.instance_id:
        return False
    if not instance.label:
        return True
    if instance.created_at is None or lease.created_at is None or read_label(instance.label):
        return False
    return abs(instance.created_at - lease.created_at) <= SAME_START_S


def is_twin(instance: Instance, lease: Lease) -> bool:
    """Whether it carries the label of a lease that is another instance: a create was carried out twice.

    It may be listed where the lease's own is not, and must not pass for it then.
    """
    own = lease.instance_id if lease.live else None
    return instance.label == lease.label and own not in (None, instance.instance_id)


def by_label(leases: Iterable[Lease]) -> dict[str, Lease]:
    """Leases by the names that they carry."""
    return {lease.label: lease for lease in leases}
