"""A market's failures as sentences: what it said, without keys, and what to do about it."""

from __future__ import annotations

import re

import httpx

from hunter.markets.answers import document_of, message_of, without_secrets
from hunter.values.errors import BadKey, MarketError, RateLimited


class Retired(MarketError):
    """The interface is gone for good (410): another one has to answer."""


class NotThere(MarketError):
    """The market says in its own words that it does not know what was asked for (404)."""

    def __init__(self, message: str, *, remedy: str, body: bytes) -> None:
        super().__init__(message, remedy=remedy)
        self.body = body


class Failures:
    """Those of one market, by its title; its key is in none of them."""

    def __init__(self, title: str, key: str | None) -> None:
        self.title = title
        self.key = key

    def said(self, response: httpx.Response) -> str:
        """The sentence in a refusal, without keys."""
        return without_secrets(message_of(response.content), self.key)

    def why(self, error: Exception) -> str:
        """A library's own words for a failure, without keys."""
        return without_secrets((str(error) or type(error).__name__)[:400], self.key)

    def unreachable(self, error: Exception) -> MarketError:
        """No reply at all, or none to its end."""
        kind = (
            "did not answer in time"
            if isinstance(error, httpx.TimeoutException)
            else "cannot be reached"
        )
        return MarketError(
            f"{self.title} {kind}: {self.why(error)}.",
            remedy="Check the connection and try again; what is recorded stays as it is.",
        )

    def unusable(self, error: Exception) -> MarketError:
        """A reply beyond the limits."""
        return MarketError(
            f"{self.title}'s answer cannot be used: {self.why(error)}.",
            remedy="Hunter reads no more of it; check that it is the market's own server.",
        )

    def refused(self, response: httpx.Response) -> MarketError:
        """A reply that says no."""
        status, text = response.status_code, self.said(response)
        if status in (401, 403) or b"auth_error" in response.content:
            return BadKey(
                f"{self.title} does not accept the key ({status}): {text}",
                remedy="Check the key in the environment or in the vendor's own file.",
            )
        if status == 429:
            reset = response.headers.get("x-ratelimit-reset", "")
            when = f" until unix time {reset}" if re.fullmatch("[0-9]{1,12}", reset) else ""
            return RateLimited(
                f"{self.title} asks to slow down{when}: {text}", remedy="Try again after that."
            )
        if status < 400:
            return MarketError(
                f"{self.title} answered {status}, which sends us elsewhere: Hunter does not follow.",
                remedy="Check that it is the market's own server.",
            )
        message, remedy = f"{self.title} answered {status}: {text}", "Try again in a minute."
        if status == 404 and document_of(response.content) is not None:
            return NotThere(message, remedy=remedy, body=response.content)
        return (Retired if status == 410 else MarketError)(message, remedy=remedy)

    def nonsense(self, response: httpx.Response, error: Exception) -> MarketError:
        """A reply that is not what was asked for."""
        kind = response.headers.get("content-type", "no content type").partition(";")[0][:60]
        if "html" in kind:
            what = "answered with a web page instead of data"
        else:
            shown = without_secrets(kind, self.key)
            what = f"sent a reply that cannot be read ({shown}: {self.why(error)})"
        return MarketError(
            f"{self.title} {what}.", remedy="Try again in a minute; nothing recorded was changed."
        )
