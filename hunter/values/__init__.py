"""Pure types: offers, workloads, billing rules, units, errors. No clock, disk, network or chance."""
