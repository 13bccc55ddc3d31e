"""Leases under everything that can go wrong, in virtual time: `make chaos`.

One process holds the embedded market, the wire with its faults, and as many Hunters as a story needs: each is
Hunter's own code on a database of its own, and dies as a process dies. Nobody waits: time passes when all sleep.
The market's own book says afterwards what was left, doubled, overpaid or believed too early (`truth.py`).
"""
