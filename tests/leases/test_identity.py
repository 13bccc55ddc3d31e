"""Whose an instance is: its label says so, and its id alone says nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.leases.identity import Whose, is_of, label_of, new_home, read_label, whose
from hunter.leases.lease import Lease
from hunter.markets.protocol import Instance
from tests.builders import NOW

HOME, OTHER = "a1b2c3", "c3b2a1"


def lease(label: str = label_of(HOME, "00000001"), instance_id: str | None = "7") -> Lease:
    return Lease(
        lease_id="00000001", label=label, market="vast", instance_id=instance_id, offer="vast:1",
        workload="job", state="ready", gpu="A", gpu_count=1, tenancy="on-demand", disk_gb=1.0,
        intended_at=NOW, created_at=NOW, ttl_at=NOW + 60, max_usd_h=1.0, max_usd=1.0, quoted_usd_h=0.1,
    )  # fmt: skip


def instance(
    label: str | None, instance_id: str = "7", created_at: float | None = None
) -> Instance:
    return Instance(
        market="vast", instance_id=instance_id, label=label, state="running", tenancy="on-demand",
        gpu="A", gpu_count=1, price_usd_h=0.1, created_at=created_at,
    )  # fmt: skip


@given(st.from_regex(r"[0-9a-f]{6}", fullmatch=True), st.from_regex(r"[0-9a-f]{8}", fullmatch=True))
def test_a_label_names_the_home_and_the_lease(home: str, lease_id: str) -> None:
    label = read_label(label_of(home, lease_id))
    assert label is not None
    assert (label.home, label.lease_id) == (home, lease_id)


def test_homes_have_names_of_their_own() -> None:
    assert new_home() != new_home()


@pytest.mark.parametrize(
    "text", [None, "", "hunter-", "hunter-my-box", "hunter-1a2b3c4d", "Hunter-a1b2c3-00000001", "x"]
)
def test_what_is_no_label_of_a_home_names_none(text: str | None) -> None:
    assert read_label(text) is None


@pytest.mark.parametrize(
    ("label", "is_whose"),
    [
        (label_of(HOME, "00000001"), "ours"),
        ("hunter-old", "ours"),  # as an older Hunter wrote them
        (label_of(HOME, "00000002"), "lost"),
        (label_of(OTHER, "00000001"), "elsewhere"),
        ("my box", "foreign"),
        (None, "foreign"),
    ],
)
def test_an_instance_is_whose_its_label_says(label: str | None, is_whose: Whose) -> None:
    ours = {one.label: one for one in (lease(), lease("hunter-old"))}
    assert whose(instance(label), HOME, ours) == is_whose


@pytest.mark.parametrize(
    ("seen", "same"),
    [
        (instance(label_of(HOME, "00000001"), "8"), True),  # a market may give another id
        (instance(None), True),  # a market that tells no label cannot be asked for it
        (instance(""), True),
        (instance(None, "8"), False),
        (instance("renamed", created_at=NOW + 20), True),
        (instance("somebody's", created_at=NOW + 60), False),
        (instance("somebody's", created_at=NOW + 7200), False),
        (instance("somebody's"), False),
        (instance(label_of(OTHER, "00000001"), created_at=NOW), False),  # its id was given out anew
    ],
)
def test_an_id_that_was_given_out_anew_is_not_ours(seen: Instance, same: bool) -> None:
    assert is_of(seen, lease()) is same
