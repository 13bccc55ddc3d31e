"""Vast.ai: its adapter and its wire format."""
