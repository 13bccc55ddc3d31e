"""Colours. Whatever a colour means is also said by a word or a sign."""

from __future__ import annotations

from textual.theme import Theme

NIGHT = Theme(
    name="hunter",
    primary="#6cb6c9",
    secondary="#8fa3d9",
    accent="#e8b864",
    warning="#f0a05a",
    error="#ec6a78",
    success="#8cc38a",
    foreground="#d5dae3",
    background="#12161d",
    surface="#181d26",
    panel="#222936",
    dark=True,
    variables={
        "footer-background": "#222936",
        "footer-key-foreground": "#e8b864",
        "footer-description-foreground": "#aab3c2",
        "block-cursor-background": "#2f4a5a",
        "block-cursor-foreground": "#f2f5fa",
        "input-selection-background": "#6cb6c9 35%",
    },
)
DAY = Theme(
    name="hunter-day",
    primary="#1f7489",
    secondary="#4a5fa8",
    accent="#945e00",
    warning="#b05a10",
    error="#bb2c3d",
    success="#2f7d38",
    foreground="#232a35",
    background="#f6f5f1",
    surface="#ecebe5",
    panel="#dfddd4",
    dark=False,
    variables={
        "footer-background": "#dfddd4",
        "footer-key-foreground": "#945e00",
        "footer-description-foreground": "#4c5462",
        "block-cursor-background": "#bcd6dd",
        "block-cursor-foreground": "#12161d",
    },
)
THEMES = (NIGHT, DAY)
