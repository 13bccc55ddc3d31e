"""Asking a market about something that costs money: an answer in time, or one kind of failure.

Adapters promise to raise MarketError only. What is rented must not depend on that promise: whatever else
comes out of one is a failed question, and so is an answer that never comes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from hunter.values.errors import HunterError, MarketError

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")

ANSWER_WITHIN_S = 60.0
"""Seconds of ours for one answer: twice what one request may take, and no cap is kept while it is awaited."""


async def asked(market: str, answer: Awaitable[T], within_s: float = ANSWER_WITHIN_S) -> T:
    """The market's answer; MarketError where there is none, or none that can be used."""
    try:
        async with asyncio.timeout(within_s):
            return await answer
    except HunterError:
        raise
    except TimeoutError as error:
        raise MarketError(
            f"{market} did not answer within {within_s:g} s.", remedy="Try again in a minute."
        ) from error
    except Exception as error:  # an adapter's surprise must not stop what keeps caps
        raise MarketError(
            f"{market}'s answer could not be used ({sentence(error)}).",
            remedy="Try again in a minute.",
        ) from error


def sentence(error: Exception) -> str:
    """A failure in words: ours as it is, any other with its kind."""
    if isinstance(error, HunterError):
        return str(error)
    return f"{type(error).__name__}: {error}"
