"""Widgets: they are given finished values, draw them, and say what the user did."""
