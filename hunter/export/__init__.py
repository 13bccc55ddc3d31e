"""Hand over to other tools."""
