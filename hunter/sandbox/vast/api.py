"""Vast.ai's HTTP interface on the embedded market, well enough for its own command line and SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from hunter.sandbox.callers import Refused
from hunter.sandbox.market import SandboxMarket
from hunter.sandbox.vast.account import VastAccount
from hunter.sandbox.vast.belongings import VastBelongings
from hunter.sandbox.vast.doors import VastDoors
from hunter.sandbox.vast.managing import VastInstances
from hunter.sandbox.vast.offers import VastOffers
from hunter.sandbox.vast.renting import VastRenting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    Row = tuple[str, str, Callable[[Request], Awaitable[Response]]]

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class VastApi:
    """Every path, each with who answers it."""

    def __init__(self, market: SandboxMarket) -> None:
        self.doors = VastDoors(market)
        self.offers = VastOffers(self.doors)
        self.renting = VastRenting(self.doors, self.offers)
        self.instances = VastInstances(self.doors)
        self.account = VastAccount(self.doors)
        self.belongings = VastBelongings(self.doors)

    def _renting(self) -> list[Row]:
        offers, renting, mine = self.offers, self.renting, self.instances
        return [
            ("GET", "/api/v0/gpu_names/unique", offers.gpu_names),
            ("GET", "/api/v0/gpu_types", offers.gpu_types),
            ("POST", "/api/v0/bundles", offers.search),
            ("GET", "/api/v0/bundles", offers.search_get),
            ("PUT", "/api/v0/search/asks", offers.search_new),
            ("PUT", "/api/v0/asks/{ask:int}", renting.create),
            ("PUT", "/api/v0/launch_instance", renting.launch),
            ("GET", "/api/v1/instances", mine.listing),
            ("GET", "/api/v0/instances/filters", mine.filters),
            ("PUT", "/api/v0/instances", mine.many),
            ("DELETE", "/api/v0/instances", mine.destroy_many),
            ("GET", "/api/v0/instances", mine.legacy),
            ("GET", "/api/v0/instances/{number:int}", mine.get),
            ("PUT", "/api/v0/instances/{number:int}", mine.manage),
            ("DELETE", "/api/v0/instances/{number:int}", mine.destroy),
            ("PUT", "/api/v0/instances/reboot/{number:int}", mine.reboot),
            ("PUT", "/api/v0/instances/recycle/{number:int}", mine.reboot),
            ("PUT", "/api/v0/instances/bid_price/{number:int}", mine.bid),
            ("PUT", "/api/v0/instances/update_template/{number:int}", mine.update),
            ("PUT", "/api/v0/instances/request_logs/{number:int}", mine.logs),
            ("GET", "/api/v0/sandbox/logs/{number:int}", mine.log_text),
            ("GET", "/api/v0/instances/{number:int}/ssh", mine.ssh_keys),
            ("POST", "/api/v0/instances/{number:int}/ssh", mine.attach_ssh_key),
            ("DELETE", "/api/v0/instances/{number:int}/ssh/{key:int}", mine.detach_ssh_key),
        ]

    def _account(self) -> list[Row]:
        account, own = self.account, self.belongings
        return [
            ("GET", "/api/v0/instances/balance/{number:int}", account.deposit),
            ("GET", "/api/v0/users/current", account.user),
            ("GET", "/api/v0/charges", account.charges),
            ("GET", "/api/v1/invoices", account.invoices),
            ("GET", "/api/v0/users/me/invoices", account.old_invoices),
            ("GET", "/api/v0/ssh", own.ssh_keys),
            ("POST", "/api/v0/ssh", own.add_ssh_key),
            ("PUT", "/api/v0/ssh/{number:int}", own.change_ssh_key),
            ("DELETE", "/api/v0/ssh/{number:int}", own.drop_ssh_key),
            ("GET", "/api/v0/template", own.search_templates),
            ("POST", "/api/v0/template", own.create_template),
            ("PUT", "/api/v0/template", own.change_template),
            ("PUT", "/api/v1/template", own.change_template),
            ("DELETE", "/api/v0/template", own.drop_template),
            ("GET", "/api/v0/volumes", own.volumes),
            ("DELETE", "/api/v0/volumes", own.drop_volume),
            ("POST", "/api/v0/volumes/search", own.search_volumes),
        ]

    def routes(self) -> list[Route]:
        """Every path, with and without its last slash, and an answer for those that are not served."""
        found = []
        for method, path, handler in [*self._renting(), *self._account()]:
            guarded = self.doors.guarded(handler)
            found += [Route(p, guarded, methods=[method]) for p in (path, path + "/")]

        async def unknown(request: Request) -> Response:
            if any(route.path_regex.match(request.url.path) for route in found):
                raise Refused("method_not_allowed", "The method is not allowed for this path.")
            raise Refused("not_found", "There is no such path here.")

        rest = Route("/api/{rest:path}", self.doors.guarded(unknown), methods=METHODS)
        return [*found, rest]
