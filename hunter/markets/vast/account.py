"""Vast.ai's account: what is left, and the reads that show whether its interfaces answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hunter.markets.probing import Route
from hunter.markets.protocol import Balance
from hunter.markets.records import Number, decode

if TYPE_CHECKING:
    from hunter.markets.http import Http

ROUTES = (
    Route(
        method="POST", path="/api/v0/bundles/", what="offers", holds="offers",
        request={"json": {"limit": 1, "type": "on-demand", "rentable": {"eq": True}}},
    ),
    Route(path="/api/v0/users/current", what="account", holds="id", keyed=True),
    Route(path="/api/v1/instances/", what="instances", holds="instances", keyed=True,
          request={"params": {"limit": "1", "select_filters": "{}"}}),
    Route(path="/api/v0/charges/", what="bills", holds="results", keyed=True,
          request={"params": {"limit": "1", "format": "tree", "latest_first": "true",
                              "select_filters": '{"day":{"gte":0}}'}}),
)  # fmt: skip


class User(msgspec.Struct):
    """The account. `credit` is what was prepaid and is left; `balance` is a host's; a renter's is zero."""

    credit: Number | None = None


async def balance_of(http: Http) -> Balance:
    """What is left. Vast does not say what everything together costs an hour."""
    user = await http.read("GET", "/api/v0/users/current", _user)
    return Balance(usd=user.credit)


def _user(body: bytes) -> User:
    return decode(body, User)
