"""Widgets that know no verbs of the engine: they are given finished values and say what was chosen."""
