"""Hunter: price-hunting cost optimizer for nomadic GPU workloads.

The names below are Hunter's public ones. Each is loaded when it is first used: importing `hunter` costs
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hunter.api.hunter import Hunter
    from hunter.cost.deal import Deal
    from hunter.cost.filters import Query
    from hunter.leases.lease import Caps, Lease
    from hunter.values.errors import (
        BadKey,
        CapRefused,
        ConfigError,
        CreateUnclear,
        HunterError,
        MarketError,
        MarketUnusable,
        Misdirected,
        NoCredit,
        NoKey,
        NothingMatches,
        OfferGone,
        PayloadError,
        PayloadUnreachable,
        RateLimited,
        StoreError,
        UsageError,
        WaitRanOut,
        WorkloadError,
    )
    from hunter.values.offers import Offer
    from hunter.values.workload import Workload

__version__ = "0.1.0"

__all__ = [
    "BadKey",
    "CapRefused",
    "Caps",
    "ConfigError",
    "CreateUnclear",
    "Deal",
    "Hunter",
    "HunterError",
    "Lease",
    "MarketError",
    "MarketUnusable",
    "Misdirected",
    "NoCredit",
    "NoKey",
    "NothingMatches",
    "Offer",
    "OfferGone",
    "PayloadError",
    "PayloadUnreachable",
    "Query",
    "RateLimited",
    "StoreError",
    "UsageError",
    "WaitRanOut",
    "Workload",
    "WorkloadError",
    "__version__",
]

_PLACES = {
    "Caps": "hunter.leases.lease",
    "Deal": "hunter.cost.deal",
    "Hunter": "hunter.api.hunter",
    "Lease": "hunter.leases.lease",
    "Offer": "hunter.values.offers",
    "Query": "hunter.cost.filters",
    "Workload": "hunter.values.workload",
}
"""Where each name stands; all others are errors."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  only where a name is used

    found = getattr(import_module(_PLACES.get(name, "hunter.values.errors")), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
