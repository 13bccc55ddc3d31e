"""The adapter of a market, imported when it is opened; one that cannot serve is named and left aside."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING

from hunter.markets.protocol import Market

if TYPE_CHECKING:
    from hunter.facts.plugins import Plugin

MEMBERS = tuple(sorted(name for name in vars(Market) if not name.startswith("_")))
"""What an adapter's class must have, beside its name and its constructor."""


def adapter_of(plugin: Plugin) -> type[Market]:
    """A market's adapter class; MarketUnusable where its module fails or lacks part of the protocol."""
    try:
        found = getattr(importlib.import_module(plugin.module), plugin.attribute)
    except Exception as error:  # another's module may fail in any way
        if plugin.shipped:
            raise
        raise plugin.unusable(f"{type(error).__name__}: {error}") from error
    missing = [name for name in MEMBERS if not hasattr(found, name)]
    if not isinstance(found, type) or missing:
        lacks = ", ".join(missing) or "being a class"
        raise plugin.unusable(f"{plugin.module}:{plugin.attribute} lacks {lacks}")
    try:
        inspect.signature(found).bind("base_url", "key", "facts")
    except TypeError as error:
        raise plugin.unusable(f"{plugin.module}:{plugin.attribute}(): {error}") from error
    adapter: type[Market] = found
    if getattr(adapter, "name", None) != plugin.name:
        raise plugin.unusable(f"its adapter calls itself {getattr(adapter, 'name', None)!r}")
    return adapter
