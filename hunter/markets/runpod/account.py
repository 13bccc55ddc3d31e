"""RunPod's account: what is left, and the reads that show whether its interfaces answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hunter.markets.probing import Route
from hunter.markets.protocol import Balance
from hunter.markets.records import Number
from hunter.markets.runpod.graphql import ask
from hunter.values.errors import MarketError

if TYPE_CHECKING:
    from hunter.markets.http import Http

ROUTES = (
    Route(method="POST", path="/graphql", what="offers", holds="data",
          request={"json": {"query": "query { gpuTypes { id } }"}}),
    Route(method="POST", path="/graphql", what="account", holds="data", keyed=True,
          request={"json": {"query": "query { myself { id } }"}}),
    Route(path="/v2/pods", what="pods over REST", holds="pods", keyed=True),
    Route(path="/v2/billing/pods", what="bills", holds="records", keyed=True,
          request={"params": {"bucketSize": "year"}}),
)  # fmt: skip
BALANCE = "query { myself { clientBalance currentSpendPerHr } }"


class Purse(msgspec.Struct):
    """What an account has."""

    clientBalance: Number | None = None
    currentSpendPerHr: Number | None = None


class Owner(msgspec.Struct):
    """The reply."""

    myself: Purse | None = None


async def balance_of(http: Http) -> Balance:
    """What is left, and what everything on the account costs an hour. It moves in steps of five minutes."""
    owner, trouble = await ask(http, Owner, BALANCE)
    if owner.myself is None:
        raise MarketError(
            f"RunPod says nothing of the account{f': {trouble}' if trouble else ''}.",
            remedy="Try again in a minute.",
        )
    return Balance(usd=owner.myself.clientBalance, spend_usd_h=owner.myself.currentSpendPerHr)
