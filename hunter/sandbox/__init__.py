"""The embedded market: both vendors, simulated, to rehearse on before paying."""
