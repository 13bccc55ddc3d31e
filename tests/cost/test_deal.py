"""One deal: what it makes of its figures, by the month, by the hour and by name."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hunter.cost.deals import Deals, price_each, price_one, rank
from hunter.cost.filters import Query
from hunter.values.columns import Offers
from hunter.values.figures import Prior
from hunter.values.offers import Offer
from hunter.values.workload import Run, Workload
from tests.builders import NOW, assumptions, offer, risks, rules, workload

GROUNDS = assumptions(rules(pull_billed=False), rules(pull_billed=True, name="runpod"))


def ranked(offers: list[Offer], job: Workload | None = None) -> Deals:
    return rank(Offers.of(offers), job or workload(), Query(), GROUNDS, NOW + 60)


def test_a_month_is_so_many_runs_of_the_cadence() -> None:
    job = workload(run=Run(hours=1.0, every_h=24.0, interruptible=True))
    deal = rank(Offers.of([offer("RTX 4090 $0.36/h")]), job, Query(), GROUNDS, 0.0)[0]
    # 720 h / 24 h = 30 runs of 0.3435 + 0.38
    assert deal.month_usd == pytest.approx(30 * 0.7235)


def test_a_deal_tells_what_it_rests_on() -> None:
    told = {line.quantity: line for line in ranked([offer("A $1/h")])[0].beliefs()}
    assert (told["link_mbps"].median, told["start_s"].median) == (pytest.approx(400), 20.0)


def test_a_contract_may_say_more_or_less_than_the_quote() -> None:
    quote = Prior(low=0.9, expected=1.0, high=1.2, source="test")
    known = replace(GROUNDS, risks=risks(quote_share=quote))
    pair = Offers.of([offer("A $0.36/h"), offer("A $0.36/h", storage_usd_gb_month=None)])
    deal, silent = price_each(pair, workload(run=Run(hours=2.0)), known, NOW)
    assert deal.all_in_low_usd_h == pytest.approx(0.9 * 0.38)
    assert deal.all_in_high_usd_h == pytest.approx(1.2 * 0.38)
    assert deal.run_low_usd is not None
    assert deal.run_high_usd is not None
    assert deal.useful_hour_low_usd == deal.run_low_usd / 2
    assert deal.useful_hour_high_usd == deal.run_high_usd / 2
    assert silent.all_in_low_usd_h is silent.all_in_high_usd_h is None
    assert silent.useful_hour_low_usd is silent.useful_hour_high_usd is None


def test_a_month_is_known_only_where_run_and_cadence_are() -> None:
    [once] = ranked([offer("A $1/h")])
    job = workload(run=Run(every_h=24.0, interruptible=True))
    daily, silent = ranked([offer("A $1/h"), offer("A $1/h", storage_usd_gb_month=None)], job)
    assert (
        once.month_usd is silent.month_usd is silent.month_low_usd is silent.month_high_usd is None
    )
    assert daily.month_low_usd == pytest.approx(30 * (daily.run_low_usd or 0))
    assert daily.month_high_usd == pytest.approx(30 * (daily.run_high_usd or 0))


def test_a_figure_is_found_by_its_name_on_the_deal_or_on_its_offer_and_nowhere_else() -> None:
    deal = price_one(offer("A $0.36/h", location="Norway, NO"), workload(), GROUNDS, NOW)
    assert deal.named("all_in_usd_h") == deal.all_in_usd_h
    assert deal.named("location") == "Norway, NO"
    with pytest.raises(AttributeError):
        deal.named("luck")
