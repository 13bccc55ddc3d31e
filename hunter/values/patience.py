"""Times in a server's headers: what it takes for now, and for how long it asks to be left alone."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,10}")


def retry_after_s(text: str, now: float) -> float | None:
    """The pause that a `Retry-After` asks for, in seconds; None where it asks for none that can be read.

    It is a number of seconds in ASCII digits or a date (RFC 9110, 10.2.3); a date that has passed asks
    for no pause. Anything else, a digit of another script included, is as good as silence.

    >>> retry_after_s("90", now=0.0), retry_after_s("Thu, 01 Jan 1970 00:01:30 GMT", now=60.0)
    (90.0, 30.0)
    >>> retry_after_s("²", now=0.0), retry_after_s("soon", now=0.0)
    (None, None)

    Args:
        text: the header's value.
        now: unix seconds, by the clock that the server's dates are of.
    """
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    at = date_s(text)
    return None if at is None else max(0.0, at - now)


def date_s(text: str) -> float | None:
    """The time that a `Date` or a date in another header names, unix seconds; None where it is none.

    >>> date_s("Thu, 01 Jan 1970 00:01:30 GMT"), date_s("noon")
    (90.0, None)
    """
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
