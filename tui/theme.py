"""Colours. Meaning is always also said in words or signs."""

from __future__ import annotations

from textual.theme import Theme

HUNTER = Theme(
    name="hunter",
    primary="#7aa89f",
    secondary="#7e9cd8",
    accent="#e6c384",
    warning="#ffa066",
    error="#e46876",
    success="#98bb6c",
    foreground="#dcd7ba",
    background="#16161d",
    surface="#1f1f28",
    panel="#2a2a37",
    dark=True,
)
