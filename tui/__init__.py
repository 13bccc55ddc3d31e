"""The terminal app: it shows what the engine says, and asks it for what the user wants."""
