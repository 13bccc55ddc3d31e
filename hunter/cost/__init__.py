"""What it costs: bills, rankings, keeping, serving and shipping. Pure."""
