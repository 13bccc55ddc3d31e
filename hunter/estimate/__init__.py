"""How long and how likely: cold starts, risks and speeds, from priors and our own launches. Pure."""
