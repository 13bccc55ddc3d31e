"""The pull model against real pulls: a real registry, real engines, a shaped link, one machine."""
