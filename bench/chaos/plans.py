"""What happens in a story, drawn from its seed: who rents what, how it is to end, and what goes wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

MARKETS = ("vast", "runpod")
Kind = Literal["create", "destroy", "list", "show", "search", "bill", "log", "other"]
READS: tuple[Kind, ...] = ("list", "show", "search", "bill", "log")
ANY: tuple[Kind, ...] = (*READS, "create", "destroy")

WIRE: dict[str, tuple[Kind, ...]] = {
    "timeout-before": ANY,
    "timeout-after": ANY,
    "429": ANY,
    "429-retry-after": ANY,
    "429-after": ("create", "destroy"),
    "5xx-before": ANY,
    "5xx-after": ("create", "destroy"),
    "truncated": ANY,
    "html": ANY,
    "html-after": ("create", "destroy"),
    "reset-before": ANY,
    "reset-after": ANY,
    "empty": ANY,
    "slow": ANY,
    "reads-fail": READS,
    "one-null": ("show",),
}
"""Faults on the wire, and what they may befall. `before` and `after` the market did what it was asked for."""
CREATES = ("create-duplicated", "create-late", "create-listed-late")
MARKET = (
    "empty-list", "partial-list", "page-two-fails", "destroy-noop", "create-lost", "no-such-ask", "no-credit",
    "never-boot", "outbid", "dearer", "exits", "late-bills", "partial-errors", "graphql-retired", "rate-limited",
    "server-error", "html", "truncate", "down", "zero-cost",
)  # fmt: skip
"""The embedded market's own, by the names of `--fault`; those of `PASSING` are over when the story's faults are."""
PASSING = (
    "empty-list", "partial-list", "page-two-fails", "destroy-noop", "create-lost", "rate-limited", "server-error",
    "html", "truncate", "down", "partial-errors", "zero-cost",
)  # fmt: skip
ONE_MARKETS = {
    "exits": "vast",
    "outbid": "vast",
    "graphql-retired": "runpod",
    "partial-errors": "runpod",
    "zero-cost": "runpod",
}
HOME = ("clock-forward", "clock-back", "database-locked", "disk-full", "commit-fails")
SCENE = (
    "balance-zero",
    "host-dies",
    "id-reused",
    "two-homes",
    "strangers",
    "two-launches",
    "death",
    "regret",
)
FATAL = {
    "no-such-ask", "no-credit", "never-boot", "dearer", "death", "balance-zero", "host-dies", "id-reused",
    "regret", "create-duplicated", "create-late", "outbid", "exits", "disk-full", "database-locked", "commit-fails",
}  # fmt: skip
"""With these nobody expects a launch to come up: the market refuses, takes back or says nothing, or we die."""
ALL = (*WIRE, *CREATES, *(f"market:{name}" for name in MARKET), *HOME, *SCENE)
End = Literal["destroy", "watch", "walk-away"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A fault of the wire, from when to when, and how often it strikes, in seconds of the story."""

    name: str
    kinds: tuple[Kind, ...]
    begin_s: float
    end_s: float
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One story."""

    seed: int
    market: str
    faults: tuple[str, ...] = ()
    spells: tuple[Spell, ...] = ()
    end: End = "destroy"
    interruptible: bool = False
    ttl_s: float = 3600.0
    max_usd: float = 3.0
    work_s: float = 300.0
    """From ready to the user's own end."""
    over_s: float = 1800.0
    """All faults are over then."""
    dies_at: int | None = None
    """At which write or request of the home somebody's process dies."""
    trouble_s: tuple[float, float] = (0.0, 0.0)
    """When the database or the clock misbehaves."""
    cron_s: float = 300.0
    offset_s: float = 150.0
    market_seed: int = 1
    choice: int = 0
    """Which of the best offers is rented."""
    sandbox: tuple[str, ...] = ()
    """The embedded market's faults."""
    sandbox_begin_s: float = 0.0
    """From when on they are."""

    def has(self, *names: str) -> bool:
        """Whether one of these goes wrong in it."""
        return any(name in self.faults for name in names)


def plan(seed: int) -> Plan:
    """The story of a seed: nothing goes wrong in one of ten, up to three things in the others."""
    dice = random.Random(seed)
    market = dice.choice(MARKETS)
    count = dice.choices((0, 1, 2, 3), (1, 4, 3, 2))[0]
    possible = [name for name in ALL if _possible(name, market)]
    chosen = tuple(sorted(dice.sample(possible, count)))
    if dice.random() < 0.25:
        chosen = tuple(sorted({*chosen, "death"}))
    return drawn(seed, market, chosen, dice)


def drawn(seed: int, market: str, faults: tuple[str, ...], dice: random.Random) -> Plan:
    """A story with these faults."""
    over_s = dice.uniform(600, 1800)
    spells = tuple(_spell(name, over_s, dice) for name in faults if name in WIRE)
    sandbox = tuple(name.partition(":")[2] for name in faults if name.startswith("market:"))
    begin = dice.uniform(0, 400)
    end: End = dice.choice(("destroy", "destroy", "walk-away", "watch"))
    short = dice.random() < 0.3
    return Plan(
        seed=seed, market=market, faults=faults, spells=spells, sandbox=sandbox, end=end,
        interruptible=market == "vast" and ("outbid" in sandbox or dice.random() < 0.3),
        ttl_s=dice.uniform(900, 1500) if short or end == "watch" else 3600.0,
        max_usd=dice.uniform(0.015, 0.08) if dice.random() < 0.3 else 3.0,
        work_s=dice.uniform(10, 600), over_s=over_s,
        dies_at=dice.randint(1, 140) if "death" in faults else None,
        trouble_s=(begin, begin + dice.uniform(20, 900)),
        sandbox_begin_s=0.0 if dice.random() < 0.4 else dice.uniform(0.5, 400),
        offset_s=dice.uniform(5, 300), market_seed=dice.randint(1, 3), choice=dice.randint(0, 7),
    )  # fmt: skip


def _possible(name: str, market: str) -> bool:
    fault = name.partition(":")[2]
    return ONE_MARKETS.get(fault, market) == market


def _spell(name: str, over_s: float, dice: random.Random) -> Spell:
    kinds = WIRE[name]
    if name not in ("reads-fail", "one-null") and dice.random() < 0.6:
        kinds = (dice.choice(kinds),)
    begin = dice.choice((0.0, 0.0, dice.uniform(0, 600)))
    if name == "one-null":  # the market lies for less than the proof takes
        return Spell(name=name, kinds=kinds, begin_s=begin, end_s=begin + 25, chance=1.0)
    long = name == "reads-fail"
    end = over_s if dice.random() < 0.3 else begin + dice.uniform(30, 900 if long else 300)
    return Spell(
        name=name, kinds=kinds, begin_s=begin, end_s=min(end, over_s),
        chance=1.0 if long else dice.choice((0.2, 0.5, 1.0)),
    )  # fmt: skip
