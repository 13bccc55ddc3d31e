"""RunPod's data centres are placed by a rule, so that those of next year are placed too."""

from __future__ import annotations

import pytest

from hunter.facts.shipped import shipped
from hunter.markets.runpod.places import country_of
from hunter.markets.runpod.wire import COMMUNITY, SECURE, GpuType, Shelf

FACTS = shipped()


@pytest.mark.parametrize(
    ("center", "country"),
    [
        ("EUR-NO-1", "NO"), ("EUR-IS-2", "IS"), ("EU-RO-1", "RO"), ("EU-SE-1", "SE"), ("EU-CZ-12", "CZ"),
        ("AP-JP-1", "JP"), ("AP-IN-1", "IN"), ("OC-AU-1", "AU"), ("SEA-SG-1", "SG"), ("US-TX-3", "US"),
        ("CA-MTL-3", "CA"), ("SA-BR-1", "BR"), ("AF-ZA-2", "ZA"), ("ME-AE-1", "AE"), ("EU-UK-1", "GB"),
        ("US-GA-1", "US"), ("US-DE-1", "US"), ("US-CA-2", "US"), ("US-IL-1", "US"), ("CA-BC-1", "CA"),
        ("NA-US-1", "US"), ("eu-fr-1", "FR"), ("EU-NL", "NL"), ("JP-1", "JP"), ("AU-NSW-1", "AU"),
    ],
)  # fmt: skip
def test_the_country_stands_before_the_number_or_before_a_state(center: str, country: str) -> None:
    assert country_of(center, FACTS) == country


@pytest.mark.parametrize(
    "center", ["", "-", "1", "EU-1", "SEA-1", "EUR-XX-1", "AP-TYO-1", "moon base", "SA-1", "--3"]
)
def test_a_name_without_a_country_leaves_it_unknown(center: str) -> None:
    assert country_of(center, FACTS) is None


@pytest.mark.parametrize(
    ("cloud", "place", "where"),
    [
        (SECURE, "EUR-NO-1", ("NO", "EU")), (SECURE, "EU-1", (None, None)), (SECURE, None, (None, None)),
        (COMMUNITY, "PL", ("PL", "EU")), (COMMUNITY, "ZZ", (None, None)), (COMMUNITY, None, (None, None)),
    ],
)  # fmt: skip
def test_an_offer_says_where_it_is_as_far_as_that_is_known(
    cloud: str, place: str | None, where: tuple[str | None, str | None]
) -> None:
    shelf = Shelf(FACTS, FACTS.market("runpod"), 0.0)
    gpu = GpuType(id="NVIDIA L4", memoryInGb=24)
    offer = shelf.offer(gpu, 1, cloud, place, usd_h=0.4, stock="High")
    assert (offer.country, offer.region) == where
    assert offer.location == place
