"""Renting: from the intent to the proof that nothing is left. Every task that spends lives here."""
