"""The whole check-up of a home, in the order in which one would mend things."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hunter.api.clock import MarketClock
from hunter.api.doctor import machine, markets, record
from hunter.api.doctor.finding import Finding, broken
from hunter.api.embedded import embedded_of
from hunter.facts.in_use import InUse
from hunter.facts.shipped import shipped
from hunter.markets.open import OpenMarkets
from hunter.sandbox.facts import SERVED
from hunter.schedule.timers import keepers
from hunter.values.errors import UsageError

if TYPE_CHECKING:
    from hunter.facts.config import Home
    from hunter.facts.shipped import Facts
    from hunter.schedule.timers import Keeper


async def examine(
    home: Home,
    *,
    started: bool = False,
    facts: Facts | None = None,
    keep: tuple[Keeper, ...] | None = None,
) -> tuple[Finding, ...]:
    """Look at everything and change nothing.

    Args:
        home: whose database, keys and timers.
        started: the embedded market is to be started for it.
        facts: of the markets; what ships where None.
        keep: where timers are kept; this machine's where None.
    """
    facts = facts or shipped()
    found = [*machine.versions(), *machine.disk(home.data_folder), *record.database(home.database)]
    found += [broken("market", name, str(e), e.remedy) for name, e in facts.unusable.items()]
    in_use = InUse(facts=facts, wanted=home.config.markets, embedded=SERVED if started else None)
    try:
        names = in_use.names()
    except UsageError as error:
        names = ()
        found.append(broken("config", str(home.config_folder), str(error), error.remedy))
    simulated = home.simulated
    keyed = markets.keys(facts, names, simulated=simulated)
    can_rent = any(one.text.startswith("found") for one in keyed)
    keep = keepers() if keep is None else keep
    timers = record.schedule(home.database, keep, time.time(), keyed=can_rent)
    doors = OpenMarkets(
        facts, MarketClock(), in_use, embedded=embedded_of(home, started) if simulated else None
    )
    try:
        answers = await markets.routes(doors, names)
    finally:
        await doors.close()
    return (*found, *timers, *keyed, *answers)
