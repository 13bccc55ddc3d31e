"""RunPod: prices by model, cloud, place and width, read without a key; pods rented with one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from hunter.markets.failures import NotThere, Retired
from hunter.markets.http import HttpMarket, own_facts, segment
from hunter.markets.protocol import (
    Balance,
    Charge,
    Created,
    Instance,
    Instances,
    Order,
    Progress,
    Scope,
)
from hunter.markets.records import UNNAMED, Number, Rows, Unread, decode, records
from hunter.markets.runpod.account import ROUTES, balance_of
from hunter.markets.runpod.creating import BID, CREATE, graphql_outcome, rest_outcome, unclear
from hunter.markets.runpod.graphql import NotFound, ask, ask_once, refusal
from hunter.markets.runpod.order import graphql_input, guarded_words, rest_input
from hunter.markets.runpod.pods import Pod, RestPod, instance_of, rest_instance_of
from hunter.markets.runpod.pods import unclear as unclear_pod
from hunter.markets.runpod.ports import runpod_ports
from hunter.markets.runpod.prices import over_graphql, over_rest
from hunter.markets.runpod.rest import listed
from hunter.values.errors import MarketError
from hunter.values.offers import Offer, Tenancy

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.facts.shipped import Facts
    from hunter.values.columns import Listing
    from hunter.values.workload import Workload

POD = """{ id name imageName desiredStatus costPerHr gpuCount containerDiskInGb
  volumeInGb podType machineId lastStatusChange machine { gpuDisplayName location }
  runtime { uptimeInSeconds ports { ip isIpPublic privatePort publicPort type } } }"""
PODS = f"query {{ myself {{ pods {POD} }} }}"
ONE = f"query Pod($input: PodFilter) {{ pod(input: $input) {POD} }}"
TERMINATE = "mutation End($input: PodTerminateInput!) { podTerminate(input: $input) }"
STOP = "mutation Stop($input: PodStopInput!) { podStop(input: $input) { id desiredStatus } }"


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `adapter` of its facts."""

    counts: list[int]
    """GPUs a pod to ask prices for."""


class Myself(msgspec.Struct):
    """What an account rents."""

    pods: Rows | None = None


class Mine(msgspec.Struct):
    """The reply to a question for all pods."""

    myself: Myself | None = None


class OnePod(msgspec.Struct):
    """The reply to a question for one pod: null where there is none."""

    pod: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Record(msgspec.Struct):
    """What a pod was billed in some span of time."""

    podId: str | None = None
    gpuAmount: Number | None = None
    diskAmount: Number | None = None


class Bill(msgspec.Struct):
    """The reply to a question for a bill."""

    records: list[Record] | None = None


class Runpod(HttpMarket):
    """RunPod.

    Prices come from GraphQL, which needs no key, and from the REST catalogue where there is one; each
    fills the same offers, so that either may vanish. Everything goes over httpx, with variables: the
    vendor's SDK writes arguments into the document unescaped, never looks at the HTTP status, and waits
    30 s in a thread that nobody can end.
    """

    name = "runpod"
    routes = ROUTES

    def __init__(
        self,
        base_url: str,
        key: str | None,
        facts: Facts,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(base_url, key, facts, transport)
        self.own = own_facts(self.market, Own)

    # ── offers ───────────────────────────────────────────────────────────────────────────────

    async def offers(self, scope: Scope, report: Callable[[Progress], None]) -> Listing:
        """Every pod in stock that the scope covers, one row a model, cloud, place and width."""
        from hunter.markets.plausible import plausible  # noqa: PLC0415  numpy: leases need none
        from hunter.values.columns import Listing, Offers  # noqa: PLC0415  with it

        counts = [scope.gpu_count] if scope.gpu_count is not None else self.own.counts
        notes: list[str] = []
        try:
            found = await over_graphql(self, counts, report)
        except MarketError as error:
            if not self.key:
                raise
            notes.append(f"GraphQL failed, the REST catalogue was used: {error}")
            found = await over_rest(self, counts, report)
        kept = [offer for offer in found.offers if _wanted(offer, scope)]
        if not kept and not found.unread and (scope.whole or found.notes):
            said = f": {found.notes[0]}" if found.notes else ""
            raise MarketError(
                f"RunPod answered without a single offer{said}.",
                remedy="That is no empty market but a fault; try again in a minute.",
            )
        return plausible(Listing(
            market=self.name,
            offers=Offers.of(kept),
            complete=found.complete,
            rejected=tuple(row.rejected for row in found.unread.values()),
            notes=(*notes, *found.notes),
        ))  # fmt: skip

    # ── renting ──────────────────────────────────────────────────────────────────────────────

    def check(self, workload: Workload) -> None:
        """UsageError where RunPod takes no such container."""
        runpod_ports(workload.ports)

    async def create(self, order: Order) -> Created:
        """One mutation, sent once; over REST where GraphQL has been retired."""
        self.need_key()
        bid = order.offer.tenancy == Tenancy.INTERRUPTIBLE
        words = guarded_words(order, self.facts.guard, self.base_url)
        wish = graphql_input(order, words)
        body = {"query": BID if bid else CREATE, "variables": {"input": wish}}
        response = await self._send_once("/graphql", body)
        if response.status_code == 410 and b'"id"' not in response.content:
            if bid:
                raise self.http.failures.refused(response)
            response = await self._send_once("/v2/pods", rest_input(order, words))
            created = rest_outcome(response, self.http)
        else:
            created = graphql_outcome(response, self.http)
        return replace(created, guarded=words is not None)

    async def _send_once(self, path: str, body: dict[str, Any]) -> httpx.Response:
        try:
            return await self.http.send("POST", path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self.http.failures.unreachable(error) from error  # nothing was sent
        except httpx.HTTPError as error:
            text = f"RunPod did not answer the create: {self.http.failures.why(error)}."
            raise unclear(text) from error

    async def instances(self) -> Instances:
        """Every pod of the account; over REST, page by page, where GraphQL has been retired."""
        self.need_key()
        try:
            mine, trouble = await ask(self.http, Mine, PODS)
        except Retired:
            rows, whole = await listed(self.http, "/v2/pods", "pods", {})
            pods, unread = records(rows, RestPod)
            found = [rest_instance_of(pod, self.facts, self.market) for pod in pods]
            return self._all(found, unread, complete=whole)
        raws = mine.myself.pods if mine.myself is not None else None
        if raws is None:
            said = f": {trouble}" if trouble else ""
            raise MarketError(
                f"RunPod listed no pods and did not say that there are none{said}.",
                remedy="Try again in a minute.",
            )
        read, unread = records(raws, Pod)
        found = [instance_of(pod, self.facts, self.market) for pod in read]
        return self._all(found, unread, complete=trouble is None)

    def _all(self, found: list[Instance], unread: list[Unread], *, complete: bool) -> Instances:
        odd = [unclear_pod(row) for row in unread]
        named = all(pod.label is not None and pod.instance_id[0] != UNNAMED for pod in odd)
        return Instances(market=self.name, instances=(*found, *odd), complete=complete and named)

    async def instance(self, instance_id: str) -> Instance:
        """One pod; RunPod says null of one that does not exist."""
        self.need_key()
        try:
            one, trouble = await ask(self.http, OnePod, ONE, {"input": {"podId": instance_id}})
        except NotFound:
            return self.gone(instance_id)
        except Retired:
            return await self._rest_instance(instance_id)
        if isinstance(one.pod, msgspec.UnsetType):
            raise self.unclear(trouble or "it says nothing of it")
        if bytes(one.pod) == b"null":
            if trouble is not None and not isinstance(refusal(trouble), NotFound):
                raise self.unclear(trouble)
            return self.gone(instance_id)
        pods, unread = records([one.pod], Pod)
        if unread or pods[0].id != instance_id:
            raise self.unclear(unread[0].reason if unread else "it is another one")
        return instance_of(pods[0], self.facts, self.market)

    async def _rest_instance(self, instance_id: str) -> Instance:
        try:
            pod = await self.http.read("GET", f"/v2/pods/{segment(instance_id)}", _rest_pod)
        except NotThere:
            return self.gone(instance_id)
        if pod.id != instance_id:
            raise self.unclear("it is another one")
        return rest_instance_of(pod, self.facts, self.market)

    async def _act(self, instance_id: str, action: str, document: str) -> None:
        """Do something to a pod, over REST where GraphQL has been retired."""
        self.need_key()
        try:
            await ask_once(self.http, document, {"input": {"podId": instance_id}})
        except Retired:
            path = f"/v2/pods/{segment(instance_id)}/action"
            await self.http.act("POST", path, json={"action": action})

    async def destroy(self, instance_id: str) -> None:
        """Ask for the end; a pod that is not there is no error."""
        try:
            await self._act(instance_id, "terminate", TERMINATE)
        except (NotFound, NotThere):
            return

    async def stop(self, instance_id: str) -> None:
        """Free the GPU; only the volume is kept, the container's disk is erased."""
        await self._act(instance_id, "stop", STOP)

    async def logs(self, instance_id: str, lines: int) -> str:
        """What the container printed last, from the REST interface's event stream."""
        self.need_key()
        return await self.http.read(
            "GET", f"/v2/pods/{segment(instance_id)}/logs", lambda body: _log_lines(body, lines)
        )

    async def balance(self) -> Balance:
        """What is left on the account, and what everything on it costs an hour."""
        self.need_key()
        return await balance_of(self.http)

    async def charges(self, instance_id: str) -> tuple[Charge, ...]:
        """What the pod was billed, GPU and disk."""
        self.need_key()
        params = {"podId": instance_id, "bucketSize": "year"}
        bill = await self.http.read("GET", "/v2/billing/pods", _bill, params=params)
        mine = [record for record in bill.records or () if record.podId == instance_id]
        if not mine:
            return ()
        return (
            Charge(item="gpu", usd=sum(record.gpuAmount or 0.0 for record in mine)),
            Charge(item="disk", usd=sum(record.diskAmount or 0.0 for record in mine)),
        )


def _wanted(offer: Offer, scope: Scope) -> bool:
    """The scope's filters, all of them ours to apply."""
    return (
        (not scope.gpus or offer.gpu in scope.gpus)
        and scope.gpu_count in (None, offer.gpu_count)
        and offer.vram_gb >= scope.min_vram_gb
        and (not scope.offer_ids or offer.offer_id in scope.offer_ids)
    )


def _log_lines(body: bytes, lines: int) -> str:
    text = []
    for line in body.decode("utf-8", "replace").splitlines():
        if line.startswith("data:"):
            said = line[5:].strip()
            try:
                event = decode(said.encode(), dict[str, Any])
            except ValueError:
                text.append(said)
            else:
                text.append(str(event.get("line", event)))
    return "\n".join(text[-lines:])


def _rest_pod(body: bytes) -> RestPod:
    return decode(body, RestPod)


def _bill(body: bytes) -> Bill:
    return decode(body, Bill)
