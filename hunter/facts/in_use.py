"""Which markets a hunt asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hunter.facts.config import is_pointed_home
from hunter.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.facts.shipped import Facts


class InUse(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The markets in use. Nothing is checked before somebody asks: a wrong name stops only what needs it."""

    facts: Facts
    given: tuple[str, ...] = ()
    """Markets that were handed in: they are all there are."""
    wanted: Sequence[str] | None = None
    """Those that config.toml names; None means all."""
    embedded: tuple[str, ...] | None = None
    """Those that an embedded market plays, where one is started: beside it only others on this machine are
    asked."""

    def names(self) -> tuple[str, ...]:
        """Those handed in, or all, or those that config.toml names."""
        if self.given:
            return self.given
        every = tuple(self.facts.markets)
        for name in self.wanted or ():
            self._check(name, every)
        names = every if self.wanted is None else tuple(self.wanted)
        return tuple(name for name in names if self._is_near(name))

    def check(self, name: str) -> None:
        """Refuse a market that there is not."""
        self._check(name, self.names())

    def _check(self, name: str, every: tuple[str, ...]) -> None:
        if name in self.facts.unusable:
            raise self.facts.unusable[name]
        if name not in every:
            raise UsageError(
                f"No market is called {name!r}.", remedy=f"Known markets: {', '.join(every)}."
            )

    def _is_near(self, name: str) -> bool:
        return (
            self.embedded is None
            or name in self.embedded
            or is_pointed_home(self.facts.market(name))
        )
