"""Who asks something of the embedded market, and how the market says no."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from hunter.sandbox.rental import Rental


def account_name(key: str) -> str:
    """The account that a key opens. The key itself is kept nowhere: somebody may use a real one."""
    return sha256(key.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: an account, or one rental of it with a key of its own."""

    account: str
    only: int | None = None
    """The rental whose own key was shown; None for the account's key."""


class Refused(HunterError):
    """The market says no; `code` is what an interface answers by."""

    def __init__(self, code: str, message: str, rental: Rental | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.rental = rental
