"""Caps on the command line, and what is left on the accounts beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def test_accounts_are_told_with_the_caps(served: Any) -> None:
    found = {one["market"]: one for one in served("budget", "show", "--json")["balances"]}
    assert {name: one["balance_usd"] for name, one in found.items()} == {
        "vast": 100.0,
        "runpod": 100.0,
    }
    assert (found["runpod"]["spend_by"], found["vast"]["spend_by"]) == ("market", "leases")
    text = served("budget", "show")
    assert "runpod: $100.00 left; nothing costs anything there now" in text
    assert "vast: $100.00 left; no lease of this home costs anything there now" in text


def test_without_a_key_nobody_is_asked(hunter: Any) -> None:
    assert hunter("budget", "show", "--json").json["balances"] == []


def test_an_account_that_is_not_told_keeps_no_cap_from_being_shown(
    hunter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAST_API_KEY", "0123456789abcdef")
    monkeypatch.setenv("VAST_URL", "nowhere")
    answer = hunter("budget", "show", "--json")
    assert answer.code == 0
    assert answer.json["balances"][0]["balance_usd"] is None
    assert "vast: what is left is unknown: VAST_URL" in answer.err
