"""One market's file of facts: its rules, and how to reach it. The type of `data/markets/NAME.toml`."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from msgspec import Meta, field

from hunter.values.billing import MarketRules
from hunter.values.figures import NotNegative, Words

Variable: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]*$")]
"""The name of an environment variable."""


class MarketFacts(MarketRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is known of a market beside what its adapter asks it."""

    base_url: Annotated[str, Meta(pattern=r"^https?://.+")]
    url_variable: Variable
    """The variable that the vendor's own client reads its server from."""
    key_variable: Variable
    key_files: tuple[Words, ...] = ()
    """Where the vendor's own client keeps the key."""
    reserved_env: tuple[Annotated[str, Meta(pattern=r"^[A-Z_][A-Z0-9_]*\*?$")], ...] = ()
    """Variables that it sets in every container itself; a final `*` stands for the rest of a name."""
    search_min_interval_s: NotNegative = 0.0
    """Between two searches of one poll."""
    gpu_names: dict[Words, tuple[Words, ...]] = field(default_factory=dict)
    """Its names of our GPUs, where they are not ours."""
    adapter: dict[str, Any] = field(default_factory=dict)
    """What only its own adapter reads."""

    def names_of(self, gpu: str) -> tuple[str, ...]:
        """What this market calls one of our GPUs."""
        return self.gpu_names.get(gpu, (gpu,))
