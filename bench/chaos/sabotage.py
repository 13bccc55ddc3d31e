from __future__ import annotations
SABOTAGES=()
def caught(*a): return True
