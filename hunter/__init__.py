"""Hunter: price-hunting cost optimizer for nomadic GPU workloads."""

from __future__ import annotations

__version__ = "0.1.0"
