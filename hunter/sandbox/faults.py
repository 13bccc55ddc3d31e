"""Misbehaviour on demand: what a client must survive, switched on by name."""

from __future__ import annotations

from dataclasses import dataclass

from hunter.values.errors import UsageError

KNOWN = {
    "bad-key": "every key is refused",
    "html": "replies are a web page",
    "truncate": "replies break off in the middle",
    "server-error": "replies are 503",
    "down": "the connection is closed without a reply",
    "quota": "the daily search quota is used up",
    "rate-limited": "every reply is 429",
    "bad-record": "one offer of each page cannot be read",
    "no-such-ask": "every create finds its offer taken",
    "create-lost": "creates happen and are answered with 502",
    "no-credit": "creates are refused for lack of money",
    "never-boot": "no host ever brings an instance up",
    "outbid": "interruptible instances are outbid after ten minutes",
    "dearer": "contracts cost 10% more than their offers",
    "empty-list": "listings of instances are empty though instances run",
    "partial-list": "listings of instances leave out the newest and every second before it",
    "slow-list": "listings of instances take five seconds of your own clock",
    "page-two-fails": "every page of a list but the first is refused with an error",
    "destroy-noop": "ending an instance is answered with success, and nothing is ended",
    "late-bills": "itemised bills lack the latest ten minutes",
    "exits": "containers at Vast end by themselves two minutes after they began to run",
    "graphql-retired": "RunPod's GraphQL answers 410",
    "partial-errors": "RunPod's GraphQL puts an error beside its data",
    "zero-cost": "RunPod's pods are listed at $0 an hour, as was seen in 2025-06",
    "loading-billed": "Vast bills the GPU while the container starts",
    "pull-free": "Vast does not count the image's bytes",
}


@dataclass(frozen=True, slots=True)
class Faults:
    """Which faults are on, and for which market: `NAME` or `NAME@MARKET`."""

    specs: tuple[str, ...] = ()

    def active(self, name: str, market: str) -> bool:
        """Whether a fault is on for a market."""
        return name in self.specs or f"{name}@{market}" in self.specs


def parse(specs: tuple[str, ...]) -> Faults:
    """Faults from what a user typed; UsageError names the known ones."""
    for spec in specs:
        name, _, market = spec.partition("@")
        if name not in KNOWN or market not in ("", "vast", "runpod"):
            known = ", ".join(KNOWN)
            raise UsageError(
                f"No fault is called {spec!r}.",
                remedy=f"Known: {known}; add @vast or @runpod to mean one market.",
            )
    return Faults(specs)
