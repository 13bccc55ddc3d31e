"""Figures as ratios: Hunter beside its peers, in one run against one sandbox."""
