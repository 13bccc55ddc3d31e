"""Lives in the embedded market: what a start goes through, and what the market does by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.sandbox.rental import Rental
from hunter.sandbox.vast.api import VastApi
from tests.sandbox.stills import Still, still

if TYPE_CHECKING:
    from collections.abc import Callable


def rent(
    where: Still, chosen: Callable[[dict[str, Any], int], bool] = lambda c, i: True, **body: Any
) -> Rental:
    api = VastApi(where)
    with where.open() as page:
        shown = api.offers.shown(page)
        row = next(
            i for i in range(len(shown["id"])) if chosen(shown, i) and shown["duration"][i] > 9e5
        )
        wish = {"image": "a:1", "disk": 20, **body}
        if "bid" in wish:
            wish["price"] = float(shown["min_bid"][row]) * wish.pop("bid")
        return api.renting.rent(page, "me", int(shown["id"][row]), wish)


def live(where: Still, seconds: float) -> None:
    where.at += seconds
    with where.open():
        pass


def good(where: Still) -> Callable[[dict[str, Any], int], bool]:
    """Machines in data centres whose link is alive."""
    return lambda c, i: (
        bool(c["datacenter"][i]) and where.world.truths.link_share[c["machine"][i]] > 0.3
    )


def up(where: Still, **body: Any) -> Rental:
    """A rental that came up, on the first machine that does."""
    for _ in range(20):
        found = rent(where, good(where), **body)
        live(where, 3600.0)
        if where.reachable(found):
            return found
        where.renting.destroy(found)
    raise AssertionError("nothing boots")


def test_a_start_goes_from_allocating_over_the_pull_to_running() -> None:
    where = still()
    found = up(where)
    states = list(dict.fromkeys(turn.state for turn in found.history))
    assert states == ["allocating", "pulling", "starting", "running"]


def test_the_pull_takes_the_time_that_the_hosts_true_speeds_give() -> None:
    where = still()
    found = up(where)
    at = {turn.state: turn.at for turn in reversed(found.history)}
    truths = where.world.truths
    # the default image: 4 GB in, at what really arrives
    least = (
        4e9
        * (1 - truths.cached_share[found.machine])
        / (where.world.link_mbps(found.machine, where.at) * 1.3 / 8 * 1e6)
    )
    assert at["starting"] - at["pulling"] > least


def test_a_host_that_never_boots_shows_one_of_the_known_faces() -> None:
    faces = set()
    for seed in range(12):
        where = still("never-boot", seed=seed)
        found = rent(where)
        live(where, 3600.0)
        assert not where.reachable(found)
        faces.add(found.state)
    assert {"pulling", "error", "running", "offline"} >= faces
    assert len(faces) >= 3


def test_a_floor_above_the_bid_stops_it_and_a_lower_one_brings_it_back() -> None:
    where = still()
    found = up(where, bid=1.0)
    reasons = set()
    for _ in range(400):
        live(where, 7200.0)
        reasons.add((found.state, found.turn.why))
        if ("stopped", "outbid") in reasons and found.starts > 1:
            break
    assert ("stopped", "outbid") in reasons
    assert found.starts > 1


def test_a_bid_below_the_floor_is_created_stopped_and_told_with_its_contract() -> None:
    from hunter.sandbox.callers import Refused

    where = still()
    with pytest.raises(Refused) as caught:
        rent(where, bid=0.5)
    assert caught.value.rental is not None
    assert caught.value.rental.state == "stopped"


def test_a_stopped_instance_may_find_its_gpu_taken_and_waits() -> None:
    outcomes = set()
    for seed in range(10):
        where = still(seed=seed)
        found = up(where)
        where.renting.stop(found)
        where.at += 8 * 3600  # half of them are taken: 1 − e^(−8/12)
        with where.open() as page:
            outcomes.add(where.renting.start(page, found))
    assert outcomes == {True, False}


def test_money_running_out_stops_everything_to_the_second() -> None:
    where = still(credit_usd=4.0)
    found = up(where, disk=60)
    for _ in range(100):
        live(where, 6 * 3600.0)
        if found.state == "stopped":
            break
    assert found.turn.why == "credit"
    with where.open() as page:
        assert where.accounts.balance_usd(page, "me", found.turn.at) == pytest.approx(0, abs=1e-6)


def test_a_contract_ends_when_its_host_said_so() -> None:
    where = still(credit_usd=1e6)
    found = up(where)
    live(where, found.end_at - where.at + 1)
    assert (found.state, found.turn.why) == ("stopped", "contract")
    live(where, 49 * 3600.0)
    assert found.destroyed_at is not None


def test_the_container_tells_its_phases_in_its_log() -> None:
    where = still()
    found = up(where, image="ghcr.io/example/comfyui-flux:latest", disk=60)
    live(where, 7200.0)
    phases = [
        line.split()[1]
        for line in where.logs(found).splitlines()
        if line.startswith("HUNTER_PHASE")
    ]
    assert phases == ["boot", "weights", "load", "warmup", "ready"]


def test_an_image_that_does_not_exist_never_arrives() -> None:
    where = still()
    found = rent(where, image="example/missing:1")
    live(where, 3600.0)
    assert "manifest unknown" in found.turn.message
