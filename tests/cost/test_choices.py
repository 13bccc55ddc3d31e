"""What a user may choose among is what a ranking can tell."""

from __future__ import annotations

from hunter.cost.choices import FLAGS, SORTS
from hunter.cost.deals import rank
from hunter.cost.filters import Query, flags
from hunter.values.columns import Offers
from tests.builders import NOW, assumptions, offer, rules, workload

GROUNDS = assumptions(rules(pull_billed=False))


def test_what_may_be_chosen_among_is_what_there_is() -> None:
    offers = Offers.of([offer("A $1/h")])
    [deal] = rank(offers, workload(), Query(), GROUNDS, NOW)
    assert all(hasattr(deal, name) or hasattr(deal.offer, name) for name in SORTS)
    assert set(flags(offers, workload(), GROUNDS)) == set(FLAGS)
