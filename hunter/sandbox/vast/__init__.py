"""The embedded Vast.ai: its HTTP interface over the simulated machines."""
