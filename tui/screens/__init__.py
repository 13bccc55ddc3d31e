"""Screens: each asks the engine and shows the answer."""
