"""Markets: one folder each, all of them speaking the protocol."""
