"""Vast's records as they come over the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hunter.facts.shipped import shipped
from hunter.markets.vast.places import place_of
from hunter.markets.vast.wire import Ask, columns, parse_asks
from tests.markets.vast.records import ask
from tests.recorded import recorded

RECORDED = (
    "vast_offer_rtx4090_guangxi_2024",
    "vast_offer_rtx5090_texas_2025",
    "vast_offers_openapi_example",
)


def test_null_is_unknown_wherever_it_was_seen() -> None:
    nothing = {
        "min_bid",
        "cpu_cores",
        "geolocation",
        "inet_down",
        "duration",
        "host_id",
        "verification",
    }
    row = ask(1) | dict.fromkeys(nothing)
    page = parse_asks(json.dumps({"offers": [row]}).encode())
    assert not page.unread
    found = columns(page.asks, shipped(), 0.0, bids=False)[0]
    assert (found.location, found.inet_down_mbps, found.max_rental_h, found.verified) == (None,) * 4


def lost(document: Any) -> dict[str, Any]:
    """Fields of a reply's first offer that come out otherwise than they went in."""
    row = document.get("offers", document)
    row = row[0] if isinstance(row, list) else row
    row.pop("_source", None)
    kept = msgspec.to_builtins(msgspec.convert(row, Ask, strict=False))
    return {key: value for key, value in row.items() if key not in kept or kept[key] != value}


def test_no_field_of_an_offer_is_lost() -> None:
    document = json.loads((Path(__file__).parent / "payloads" / "offers.json").read_text())
    assert set(document["offers"][0]) == set(Ask.__struct_fields__)
    assert lost(document) == {}


@pytest.mark.parametrize("name", RECORDED)
def test_no_field_of_a_recorded_offer_is_lost(name: str) -> None:
    assert lost(recorded(f"{name}.json")) == {}


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ("Sweden, SE", ("Sweden, SE", "SE", "EU")), ("SE", ("SE", "SE", "EU")), (", US", ("US", "US", "NA")),
        ("Texas, US", ("Texas, US", "US", "NA")), ("Germany", ("Germany", "DE", "EU")),
        ("Georgia, US", ("Georgia, US", "US", "NA")), ("Georgia, GE", ("Georgia, GE", "GE", "AS")),
        ("  quebec ,  ca ", ("quebec, ca", "CA", "NA")), ("Hanoi,VN", ("Hanoi, VN", "VN", "AS")),
        ("Oslo, Norway", ("Oslo, Norway", "NO", "EU")), ("London, UK", ("London, UK", "GB", "EU")),
        ("south  korea", ("south korea", "KR", "AS")), ("SE,", ("SE", "SE", "EU")),
        ("Georgia", ("Georgia", None, None)), ("Texas", ("Texas", None, None)), ("ZZ", ("ZZ", None, None)),
        ("CA, San Francisco", ("CA, San Francisco", None, None)),
        ("Texas, USA", ("Texas, USA", "US", "NA")), ("Hanoi, Viet Nam", ("Hanoi, Viet Nam", "VN", "AS")),
        ("null", (None, None, None)), ("Ohio, US, Unknown", ("Ohio, US", "US", "NA")),
        (None, (None, None, None)), ("", (None, None, None)), (" , ", (None, None, None)),
        (5, (None, None, None)), (["SE"], (None, None, None)), ({}, (None, None, None)),
    ],
)  # fmt: skip
def test_a_place_in_any_shape_is_read_as_far_as_it_says_something(
    told: Any, place: tuple[str | None, str | None, str | None]
) -> None:
    assert place_of(told, shipped()) == place
    body = json.dumps({"offers": [ask(1, geolocation=told)]}).encode()
    seen = parse_asks(body)
    assert not seen.unread
    [offer] = columns(seen.asks, shipped(), 0.0, bids=False)
    assert (offer.location, offer.country, offer.region) == place


@pytest.mark.parametrize("cores", [0, 1e-320, 1e-12])
def test_a_share_of_next_to_no_cores_is_unknown_memory(cores: float) -> None:
    body = json.dumps({"offers": [ask(1, cpu_cores=cores)]}).encode()
    [offer] = columns(parse_asks(body).asks, shipped(), 0.0, bids=False)
    assert offer.ram_gb is None
