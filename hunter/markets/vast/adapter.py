"""Vast.ai: asks of thousands of hosts, searched without a key and rented with one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from hunter.markets.http import HttpMarket, message_of, own_facts, plain_stdout
from hunter.markets.protocol import (
    Charge,
    Created,
    Instance,
    Instances,
    Order,
    Progress,
    Scope,
)
from hunter.markets.vast.instances import instance_of
from hunter.markets.vast.wire import Ask, columns, parse_asks
from hunter.values.columns import Listing, concat
from hunter.values.errors import (
    BadKey,
    CreateUnclear,
    MarketError,
    NoCredit,
    OfferGone,
    RateLimited,
)
from hunter.values.keys import hidden
from hunter.values.offers import Rejected, Tenancy

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.facts.shipped import Facts

CHARGE_ITEMS = {"gpu": "gpu", "disk": "disk", "bwd": "download", "bwu": "upload"}


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `adapter` of its facts."""

    search_page: int
    """Rows asked for in one search."""


class Vast(HttpMarket):
    """Vast.ai.

    Offers are read over httpx. Everything about instances goes through the vendor's SDK, loaded when
    first needed, in a thread; but the create, which the SDK repeats on time-outs and 5xx although each
    repetition may rent again, and listings, of which the SDK's own drops whether they are complete.
    """

    name = "vast"

    def __init__(self, base_url: str, key: str | None, facts: Facts) -> None:
        super().__init__(base_url, key, facts)
        self.own = own_facts(self.market, Own)
        self._sdk: Any = None

    # ── offers ───────────────────────────────────────────────────────────────────────────────

    async def offers(self, scope: Scope, report: Callable[[Progress], None]) -> Listing:
        """Every rentable ask that the scope covers, verified or not, on demand and as a bid.

        One search for on-demand offers brings both: each carries its `min_bid`, the price that a search
        for bids would show. The service answers a limited number of rows, so the market is walked up
        its prices: each search begins at the last price seen, until one brings nothing new.
        """
        query = self._query(scope)
        found: dict[int, Ask] = {}
        rejected: dict[str, Rejected] = {}
        notes: list[str] = []
        walk: Walk | None = Walk()
        while walk is not None:
            page = dict(query, **walk.filters())
            try:
                asks, bad = await self.http.read("POST", "/api/v0/bundles/", parse_asks, json=page)
            except RateLimited as error:
                if not found:
                    raise
                notes.append(f"stopped early: {error}")
                break
            found |= {ask.id: ask for ask in asks}
            rejected |= {r.record: r for r in bad}
            report(Progress(market=self.name, done=len(found), text="offers"))
            walk = walk.onward(asks, len(asks) + len(bad))
            if walk is not None:
                await self.pause()
        kept = [ask for ask in found.values() if self._wanted(ask, scope)]
        if not kept and scope.whole:
            raise MarketError(
                "Vast.ai answered without a single offer.",
                remedy="That is no empty market but a fault; try again in a minute.",
            )
        seen_at = self.now()
        both = concat([columns(kept, self.facts, seen_at, bids=bids) for bids in (False, True)])
        return Listing(
            market=self.name,
            offers=both,
            complete=walk is None,
            rejected=tuple(rejected.values()),
            notes=tuple(notes),
        )

    def _query(self, scope: Scope) -> dict[str, Any]:
        query: dict[str, Any] = {
            "rentable": {"eq": True},
            "allocated_storage": scope.disk_gb,
            "type": "on-demand",
            "limit": self.own.search_page,
        }
        names = [n for gpu in scope.gpus for n in self.market.names_of(gpu)]
        if names:
            query["gpu_name"] = {"in": names}
        if scope.gpu_count is not None:
            query["num_gpus"] = {"eq": scope.gpu_count}
        if scope.min_vram_gb:
            # drivers report up to 4% less than the box says; 0.9 leaves room and is checked again here
            query["gpu_ram"] = {"gte": scope.min_vram_gb * 1024 * 0.9}
        if scope.offer_ids:
            query["ask_contract_id"] = {"in": [int(i) for i in scope.offer_ids if i.isdigit()]}
        return query

    def _wanted(self, ask: Ask, scope: Scope) -> bool:
        """The scope's filters once more: the service does not always apply them."""
        if ask.rentable is False or (ask.disk_space is not None and ask.disk_space < scope.disk_gb):
            return False
        if scope.gpu_count is not None and ask.num_gpus != scope.gpu_count:
            return False
        return not scope.offer_ids or str(ask.id) in scope.offer_ids

    # ── renting ──────────────────────────────────────────────────────────────────────────────

    async def create(self, order: Order) -> Created:
        """PUT the ask, once. A reply that never came leaves the outcome unknown: CreateUnclear."""
        self.need_key()
        try:
            response = await self.http.send(
                "PUT", f"/api/v0/asks/{order.offer.offer_id}/", json=_create_body(order)
            )
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self.http.unreachable(error) from error  # nothing was sent
        except httpx.HTTPError as error:
            raise CreateUnclear(
                f"Vast.ai did not answer the create: {self.http.why(error)}.",
                remedy="Nothing is sent again; the instance is looked up by its label.",
            ) from error
        try:
            document = msgspec.json.decode(response.content, type=dict[str, Any])
        except msgspec.DecodeError:
            document = {}
        contract = document.get("new_contract")
        if document.get("success") is True and contract is not None:
            return Created(instance_id=str(contract))
        if contract is not None:
            await self.destroy(str(contract))
            raise OfferGone(
                f"Vast.ai created it stopped, and it was destroyed: {self.http.said(response)}",
                remedy="Bid more, or take another offer.",
            )
        raise self._no(response)

    def _no(self, response: httpx.Response) -> MarketError:
        text = self.http.said(response)
        if b"no_such_ask" in response.content or response.status_code in (404, 410):
            return OfferGone(
                f"Vast.ai: the offer is taken ({text})",
                remedy="Take the next of hunter deals --refresh.",
            )
        if b"insufficient_credit" in response.content:
            return NoCredit(f"Vast.ai: {text}", remedy="Add credit to the account.")
        if response.status_code >= 500 or not response.content:
            return CreateUnclear(
                f"Vast.ai answered the create with {response.status_code}: {text}",
                remedy="Nothing is sent again; the instance is looked up by its label.",
            )
        return self.http.refused(response)

    async def _ask_sdk(self, verb: Callable[[Any], Any]) -> Any:
        """One call of the vendor's SDK in a thread, its failures as ours."""
        self.need_key()
        return await asyncio.to_thread(self._call_sdk, verb)

    def _call_sdk(self, verb: Callable[[Any], Any]) -> Any:
        import requests  # noqa: PLC0415  with the SDK, 0.1 s

        try:
            if self._sdk is None:
                with plain_stdout():
                    from vastai import VastAI  # noqa: PLC0415  1 s

                self._sdk = VastAI(api_key=self.key, server_url=self.base_url)
            return verb(self._sdk)
        except requests.HTTPError as error:
            reply = error.response
            text = hidden(message_of(reply.content), self.key)
            if reply.status_code in (401, 403) or b"auth_error" in reply.content:
                raise BadKey(
                    f"Vast.ai does not accept the key: {text}", remedy="Check it."
                ) from error
            raise _SdkRefusal(
                reply.status_code, f"Vast.ai answered {reply.status_code}: {text}"
            ) from error
        except requests.RequestException as error:
            raise MarketError(
                f"Vast.ai cannot be reached: {self.http.why(error)}.", remedy="Try again."
            ) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MarketError(
                f"Vast.ai's SDK could not read the reply ({type(error).__name__}: {self.http.why(error)}).",
                remedy="Try again in a minute.",
            ) from error

    async def instances(self) -> Instances:
        """Every instance, page by page; complete only if as many came as the service counts."""
        rows: list[dict[str, Any]] = []
        token: str | None = None
        total = None
        while True:
            params: dict[str, Any] = {"select_filters": {}, "limit": 25,
                                      "order_by": [{"col": "id", "dir": "asc"}]}  # fmt: skip
            if token:
                params["after_token"] = token
            page = await self._ask_sdk(partial(_list_instances, params))
            if page.get("instances") is None:
                raise MarketError(
                    "Vast.ai listed no instances and did not say that there are none.",
                    remedy="Try again in a minute.",
                )
            rows += page["instances"]
            total = page.get("total_instances", total)
            token = page.get("next_token")
            if not token:
                break
        found = tuple(instance_of(row, self.facts) for row in rows)
        return Instances(market=self.name, instances=found, complete=total == len(rows))

    async def instance(self, instance_id: str) -> Instance:
        """One instance; Vast says null of one that does not exist."""
        row = await self._ask_sdk(lambda sdk: sdk.show_instance(id=int(instance_id)))
        if row is None:
            return Instance(
                market=self.name, instance_id=instance_id, label=None, state="gone",
                tenancy=Tenancy.ON_DEMAND, gpu="?", gpu_count=1, price_usd_h=None,
            )  # fmt: skip
        return instance_of(row, self.facts)

    async def destroy(self, instance_id: str) -> None:
        """Ask for the end; an instance that is not there is no error."""
        try:
            await self._ask_sdk(lambda sdk: sdk.destroy_instance(id=int(instance_id)))
        except _SdkRefusal as error:
            if error.status != 404:
                raise

    async def stop(self, instance_id: str) -> None:
        """Free the GPU, keep the disk."""
        self._check(await self._ask_sdk(lambda sdk: sdk.stop_instance(id=int(instance_id))))

    def _check(self, reply: Any) -> None:
        if isinstance(reply, dict) and reply.get("success") is False:
            said = hidden(str(reply.get("msg")), self.key)
            raise MarketError(f"Vast.ai: {said}", remedy="Wait, or take another offer.")

    async def logs(self, instance_id: str, lines: int) -> str:
        """What the container printed last."""
        text = await self._ask_sdk(lambda sdk: sdk.logs(int(instance_id), tail=str(lines)))
        if not isinstance(text, str):
            raise MarketError("Vast.ai has no log of it yet.", remedy="Try again in a minute.")
        return text

    async def charges(self, instance_id: str) -> tuple[Charge, ...]:
        """The itemised bill of one instance, over all days. The SDK has no call for it: httpx."""
        document: Any = await self.http.read(
            "GET", "/api/v0/charges/", msgspec.json.decode,
            params={"select_filters": '{"day":{"gte":0}}', "latest_first": "true", "limit": "200",
                    "format": "tree"},
        )  # fmt: skip
        source = f"instance-{instance_id}"
        return tuple(
            Charge(
                item=CHARGE_ITEMS.get(item["type"], item["type"]),
                usd=float(item["amount"]),
                detail=str(item["description"]),
            )
            for line in document.get("results") or []
            if line.get("source") == source
            for item in line.get("items") or []
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Where a search of the whole market stands: the service caps its rows, so prices are walked up."""

    floor: float | None = None
    """The last price seen."""
    above: bool = False
    """Go on above the floor, all offers at it having been seen."""
    machine: int | None = None
    """Where one price fills whole pages: the last machine seen at it."""
    fullest: int = 0
    """Rows of the fullest page so far: what the service caps at, as far as is known."""

    def filters(self) -> dict[str, Any]:
        """What the next search asks for."""
        if self.machine is not None:
            return {"dph_total": {"eq": self.floor}, "machine_id": {"gte": self.machine},
                    "order": [["machine_id", "asc"]]}  # fmt: skip
        if self.floor is None:
            return {"order": [["dph_total", "asc"]]}
        operator = "gt" if self.above else "gte"
        return {"dph_total": {operator: self.floor}, "order": [["dph_total", "asc"]]}

    def onward(self, asks: list[Ask], rows: int) -> Walk | None:
        """The next step after a page of so many rows; None where the market is through."""
        fullest = max(self.fullest, rows)
        if self.machine is not None:
            furthest = max((ask.machine_id or 0 for ask in asks), default=self.machine)
            if furthest > self.machine:
                return replace(self, machine=furthest, fullest=fullest)
            return Walk(floor=self.floor, above=True, fullest=fullest)
        if not asks:
            return None
        last = asks[-1].dph_total
        if last is None:
            raise MarketError("Vast.ai left out prices.", remedy="Try again in a minute.")
        if self.floor is None or last > self.floor:
            return Walk(floor=last, fullest=fullest)
        if rows < fullest or self.above or last < self.floor:
            return (
                None  # all seen; or the service does not heed the filters, and would go on for ever
            )
        return Walk(floor=last, machine=0, fullest=fullest)


class _SdkRefusal(MarketError):
    """The service said no to the SDK."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message, remedy="Try again in a minute.")
        self.status = status


def _list_instances(params: dict[str, Any], sdk: Any) -> Any:
    return sdk.show_instances_v1(params)


def _create_body(order: Order) -> dict[str, Any]:
    """What Vast documents for PUT asks: a price makes it a bid, its absence rents on demand."""
    env = dict(order.env) | {f"-p {port}:{port}": "1" for port in order.ports}
    return {
        "client_id": "me",
        "image": order.image,
        "env": env,
        "price": order.bid_usd_h,
        "disk": order.disk_gb,
        "label": order.label,
        "onstart": order.command,
        "runtype": "ssh_direc ssh_proxy",
        "cancel_unavail": True,
        "force": False,
    }
