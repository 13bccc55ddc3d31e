"""Everything Hunter raises on purpose.

HunterError                 one clear sentence, and what to do about it; exit code 1
├── UsageError              the user's input cannot be used; exit code 2
│   ├── WorkloadError       a workload file
│   └── ConfigError         config.toml, the environment or a file of facts
│       ├── Misdirected     where a market is to be asked, there can be none
│       └── MarketUnusable  the plug-in of a market; the others work
├── NothingMatches          a search without a result; exit code 3
├── WaitRanOut              a wait reached its limit; exit code 124
├── StoreError              the database
├── PayloadError            a size that could not be learnt: image, weights, objects
│   └── PayloadUnreachable  whoever knows it does not answer now; what was learnt before may serve
└── MarketError             a market refused, failed or answered nonsense
    ├── NoKey               renting needs a key and none was found
    ├── BadKey              the market does not accept the key
    ├── RateLimited         the market asks for patience
    ├── OfferGone           somebody else has it
    ├── NoCredit            the account lacks money
    └── CreateUnclear       a create may or may not have happened: look before doing anything else
"""

from __future__ import annotations

from typing import ClassVar

from hunter.values.text import LONGEST_SENTENCE, cleaned


class HunterError(Exception):
    """A failure that the user can understand: the message says what and where, `remedy` what next.

    Each is one printable line, whatever it quotes.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(cleaned(message, LONGEST_SENTENCE))
        self.remedy = cleaned(remedy, LONGEST_SENTENCE)


class UsageError(HunterError):
    """What the user asked for cannot be asked for."""

    exit_code: ClassVar[int] = 2


class WorkloadError(UsageError):
    """A workload file that cannot be used; the message names file and key."""


class ConfigError(UsageError):
    """Configuration that cannot be used; the message names file or variable."""


class Misdirected(ConfigError):
    """The address, the proxy or the embedded market that one market is pointed at cannot be one."""


class MarketUnusable(ConfigError):
    """The plug-in of a market does not load. That market is left aside and named; the others work."""


class NothingMatches(HunterError):
    """The search worked and found nothing."""

    exit_code: ClassVar[int] = 3


class WaitRanOut(HunterError):
    """What was waited for did not happen in time."""

    exit_code: ClassVar[int] = 124


class CapRefused(HunterError):
    """A cap or a budget that the user set has no room for it; nothing was rented."""

    exit_code: ClassVar[int] = 4


class StoreError(HunterError):
    """The database cannot be used; what is recorded in it stays untouched."""


class PayloadError(HunterError):
    """The size of an image, of weights or of objects could not be learnt."""


class PayloadUnreachable(PayloadError):
    """Who knows the size does not answer now, or asks for patience. It says nothing about the payload."""


class MarketError(HunterError):
    """A market failed. It never means that a market is empty or that nothing is running."""


class NoKey(MarketError):
    """No key for something that needs one."""


class BadKey(MarketError):
    """The market refused the key."""


class RateLimited(MarketError):
    """The market asked to slow down and the patience for it ran out."""


class OfferGone(MarketError):
    """The offer can no longer be rented."""


class NoCredit(MarketError):
    """The account's money does not cover the rental."""


class CreateUnclear(MarketError):
    """A create was sent and its outcome is unknown; an instance may exist and cost money.

    Args:
        message: what the market answered, or that it did not.
        remedy: what happens next.
        instance_id: the market's id of an instance that its answer names.
        said_no: the market refused, and made that instance all the same: it is not what was ordered.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        instance_id: str | None = None,
        said_no: bool = False,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.instance_id = instance_id
        self.said_no = said_no
