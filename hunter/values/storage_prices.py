"""Where weights can lie outside any market: the type of `data/storage.toml`."""

from __future__ import annotations

from msgspec import Struct

from hunter.values.figures import Figure, Positive, Words


class ObjectStore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A store that any market fetches from."""

    title: Words
    usd_gb_month: Figure
    out_usd_gb: Figure
    month_h: Positive


class StoragePrices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every object store by its name."""

    store: dict[Words, ObjectStore] = {}
