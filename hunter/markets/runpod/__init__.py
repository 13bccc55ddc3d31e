"""RunPod: its adapter and its wire format."""
