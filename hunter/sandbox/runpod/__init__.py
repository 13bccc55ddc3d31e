"""The embedded RunPod: its HTTP interfaces over the simulated machines."""
