"""The hidden truths of the machines that rentals run on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hunter.sandbox.chance import between, geometric_between, one
from hunter.sandbox.life import Host

if TYPE_CHECKING:
    from hunter.sandbox.book import Book
    from hunter.sandbox.rental import Rental
    from hunter.sandbox.world import World


class Hosts:
    """Vast's are the world's machines; RunPod's are drawn from a rental's place in its data centre."""

    def __init__(self, *, book: Book, world: World, facts: dict[str, Any]) -> None:
        self._book = book
        self._world = world
        self._facts = facts

    def of(self, rental: Rental, at: float) -> Host:
        """A rental's machine, as of a start at this time."""
        host = self._runpod(rental) if rental.market == "runpod" else self._vast(rental, at)
        return replace(host, cached_share=1.0) if self._holds_image(rental, at) else host

    def _holds_image(self, rental: Rental, at: float) -> bool:
        """Whether the machine still holds the image from an earlier rental."""
        hidden = self._facts["hidden"]
        since = at - hidden["image_kept_days"] * 86400
        pulled = any(
            turn.state == "starting" and turn.at > since
            for other in self._book.page.rentals
            if other is not rental
            and (other.market, other.machine, other.image)
            == (rental.market, rental.machine, rental.image)
            for turn in other.history
        )
        kept: bool = one(self._book.page.seed, rental.number, 71) < hidden["image_kept_share"]
        return pulled and kept

    def _vast(self, rental: Rental, at: float) -> Host:
        truths, i = self._world.truths, rental.machine
        return Host(
            link_mbps=self._world.link_mbps(i, at),
            unpack_mb_s=float(truths.unpack_mb_s[i]),
            write_mb_s=float(truths.write_mb_s[i]),
            parallel_unpack=bool(truths.parallel_unpack[i]),
            cached_share=float(truths.cached_share[i]),
            boot_success=float(truths.boot_success[i]),
            failures_per_day=float(truths.failures_per_day[i]),
        )

    def _runpod(self, rental: Rental) -> Host:
        hidden, n = self._facts["hidden"], rental.machine
        community = rental.cloud == "COMMUNITY"
        draw = [one(self._book.page.seed, n, key) for key in range(200, 206)]
        link = geometric_between(self._facts["runpod"]["link_mbps"], draw[0])
        return Host(
            link_mbps=link * (0.6 if community else 1.0),
            unpack_mb_s=geometric_between(hidden["unpack_mb_s"], draw[1]),
            write_mb_s=between([500.0, 2000.0], draw[2]),
            parallel_unpack=draw[3] < hidden["parallel_unpack_share"],
            cached_share=hidden["layer_cache_share"] * draw[4] * 2,
            boot_success=0.85 if community else hidden["boot_success_datacenter"],
            failures_per_day=0.005,
        )
