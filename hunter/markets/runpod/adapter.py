"""RunPod: prices by model, cloud, place and width, read without a key; pods rented with one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from hunter.markets.http import HttpMarket, Retired, own_facts, plain_stdout
from hunter.markets.protocol import (
    Charge,
    Created,
    Instance,
    Instances,
    Order,
    Progress,
    Scope,
)
from hunter.markets.runpod.order import graphql_input, rest_input
from hunter.markets.runpod.wire import (
    COMMUNITY,
    SECURE,
    Catalogue,
    GraphqlError,
    Lowest,
    Shelf,
    V2Gpus,
    graphql_offers,
    has_spot,
    instance_of,
    parse_data,
    rest_instance_of,
    v2_offers,
)
from hunter.values.columns import Listing, Offers
from hunter.values.errors import BadKey, CreateUnclear, MarketError, NoCredit, OfferGone
from hunter.values.keys import hidden
from hunter.values.offers import Offer, Tenancy

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.facts.shipped import Facts

PRICE = "{ uninterruptablePrice minimumBidPrice stockStatus minVcpu minMemory }"
GPU_FIELDS = """
id displayName manufacturer memoryInGb maxGpuCount maxGpuCountSecureCloud maxGpuCountCommunityCloud
secureCloud communityCloud securePrice communityPrice"""
PLACES = "query { countryCodes gpuTypes { id displayName memoryInGb } }"
CREATE = """mutation Create($input: PodFindAndDeployOnDemandInput) {
  podFindAndDeployOnDemand(input: $input) { id costPerHr machineId } }"""
BID = """mutation Bid($input: PodRentInterruptableInput!) {
  podRentInterruptable(input: $input) { id costPerHr machineId } }"""
PODS = """query { myself { pods { id name imageName desiredStatus costPerHr gpuCount containerDiskInGb
  volumeInGb podType machineId lastStatusChange machine { gpuDisplayName location }
  runtime { uptimeInSeconds ports { ip isIpPublic privatePort publicPort type } } } } }"""
NO_CAPACITY = ("no longer any instances available", "no instances available", "no instances currently",
               "does not have the resources", "not enough free gpus", "no resources")  # fmt: skip


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `adapter` of its facts."""

    counts: list[int]
    """GPUs a pod to ask prices for."""


class Runpod(HttpMarket):
    """RunPod.

    Prices come from GraphQL, which needs no key, and from the REST catalogue where there is one; each
    fills the same offers, so that either may vanish. Pods are created by our own GraphQL mutation with
    variables: the vendor's SDK writes arguments into the document unescaped and never looks at the HTTP
    status. Listings and pods are read over httpx for that status too; stopping, resuming and
    terminating go through the SDK, whose arguments are ids, and are checked by reading afterwards.
    """

    name = "runpod"

    def __init__(self, base_url: str, key: str | None, facts: Facts) -> None:
        super().__init__(base_url, key, facts)
        self.own = own_facts(self.market, Own)

    # ── offers ───────────────────────────────────────────────────────────────────────────────

    async def offers(self, scope: Scope, report: Callable[[Progress], None]) -> Listing:
        """Every pod in stock that the scope covers, one row a model, cloud, place and width."""
        counts = [scope.gpu_count] if scope.gpu_count is not None else self.own.counts
        notes: list[str] = []
        try:
            found = await self._over_graphql(counts, report)
        except MarketError as error:
            if not self.key:
                raise
            notes.append(f"GraphQL failed, the REST catalogue was used: {error}")
            found = await self._over_rest(counts, report)
        kept = [offer for offer in found if _wanted(offer, scope)]
        if not kept and scope.whole:
            raise MarketError(
                "RunPod answered without a single offer.",
                remedy="That is no empty market but a fault; try again in a minute.",
            )
        return Listing(market=self.name, offers=Offers.of(kept), complete=True, notes=tuple(notes))

    async def _over_graphql(
        self, counts: list[int], report: Callable[[Progress], None]
    ) -> list[Offer]:
        places = await self._query(PLACES)
        countries = [code for code in places.get("countryCodes") or [] if code]
        replies: list[tuple[int, Catalogue, dict[str, Any]]] = []
        for done, count in enumerate(counts, 1):
            try:
                data = await self._query(_poll(countries), {"n": count})
            except _FieldGone:  # the service removes fields silently: ask for less
                data = await self._query(_poll([]), {"n": count})
            catalogue = msgspec.convert(data, Catalogue)
            replies.append((count, catalogue, _by_country(data, countries)))
            report(Progress(market=self.name, done=done, total=len(counts), text="widths"))
            await self.pause()
        spot = has_spot(reply for _, reply, _ in replies)
        shelf = Shelf(self.facts, self.market, self.now())
        return [
            offer
            for count, catalogue, extra in replies
            for offer in graphql_offers(catalogue, extra, count, shelf, spot=spot)
        ]

    async def _over_rest(
        self, counts: list[int], report: Callable[[Progress], None]
    ) -> list[Offer]:
        shelf = Shelf(self.facts, self.market, self.now())
        found: list[Offer] = []
        for done, count in enumerate(counts, 1):
            for cloud in (SECURE, COMMUNITY):
                params = {"include": "AVAILABILITY", "product": "POD", "count": str(count),
                          "cloud": cloud.upper()}  # fmt: skip
                reply = await self.http.read(
                    "GET", "/v2/catalog/gpus", msgspec.json.Decoder(V2Gpus).decode, params=params
                )
                found += v2_offers(reply.gpus, count, cloud, shelf)
            report(Progress(market=self.name, done=done, total=len(counts), text="widths"))
        return found

    async def _query(self, document: str, variables: dict[str, Any] | None = None) -> Any:
        """A GraphQL read."""
        body = {"query": document, "variables": variables or {}}
        try:
            return await self.http.read("POST", "/graphql", _data_or_error, json=body)
        except _Told as told:
            raise _no(str(told), self.key) from told

    # ── renting ──────────────────────────────────────────────────────────────────────────────

    async def create(self, order: Order) -> Created:
        """One mutation, sent once; over REST where GraphQL has been retired."""
        self.need_key()
        bid = order.offer.tenancy == Tenancy.INTERRUPTIBLE
        body = {"query": BID if bid else CREATE, "variables": {"input": graphql_input(order)}}
        response = await self._send_once("/graphql", body)
        if response.status_code == 410 and not bid:
            response = await self._send_once("/v2/pods", rest_input(order))
            if response.status_code == 201:
                pod = msgspec.json.decode(response.content)
                return Created(instance_id=str(pod["id"]), note="over REST: GraphQL is retired")
            raise self._refusal(response)
        if response.status_code != 200:
            raise self._refusal(response)
        try:
            data = parse_data(response.content)
        except GraphqlError as error:
            raise _no(str(error), self.key) from error
        except ValueError as error:
            raise _unclear(
                f"RunPod's answer to the create cannot be read: {self.http.why(error)}."
            ) from error
        pod = data.get("podRentInterruptable" if bid else "podFindAndDeployOnDemand")
        if not pod:
            raise _unclear("RunPod answered the create without a pod.")
        return Created(instance_id=str(pod["id"]))

    async def _send_once(self, path: str, body: dict[str, Any]) -> httpx.Response:
        try:
            return await self.http.send("POST", path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self.http.unreachable(error) from error  # nothing was sent
        except httpx.HTTPError as error:
            text = f"RunPod did not answer the create: {self.http.why(error)}."
            raise _unclear(text) from error

    def _refusal(self, response: httpx.Response) -> MarketError:
        text = self.http.said(response)
        if response.status_code >= 500:
            return _unclear(f"RunPod answered the create with {response.status_code}: {text}")
        if response.status_code == 402:
            return NoCredit(f"RunPod: {text}", remedy="Add credit to the account.")
        if response.status_code == 400:
            return _no(text, self.key)
        return self.http.refused(response)

    async def instances(self) -> Instances:
        """Every pod of the account, in one reply; over REST where GraphQL has been retired."""
        try:
            return await self._graphql_instances()
        except Retired:
            reply: Any = await self.http.read("GET", "/v2/pods", msgspec.json.decode)
        found = tuple(rest_instance_of(pod, self.facts, self.market) for pod in reply["pods"])
        # a cursor means that there is more than this reply holds
        return Instances(market=self.name, instances=found, complete=not reply.get("nextCursor"))

    async def _graphql_instances(self) -> Instances:
        pods = ((await self._keyed(PODS)).get("myself") or {}).get("pods")
        if pods is None:
            raise MarketError("RunPod listed no pods and did not say that there are none.",
                              remedy="Try again in a minute.")  # fmt: skip
        found = tuple(instance_of(pod, self.facts, self.market) for pod in pods)
        return Instances(market=self.name, instances=found, complete=True)

    async def instance(self, instance_id: str) -> Instance:
        """One pod; RunPod says null of one that does not exist."""
        fields = PODS[PODS.index("{ id") : PODS.rindex("} }") - 1]
        document = f"query Pod($input: PodFilter) {{ pod(input: $input) {fields} }}"
        try:
            pod = (await self._keyed(document, {"input": {"podId": instance_id}})).get("pod")
        except Retired:
            return await self._rest_instance(instance_id)
        if pod is None:
            return Instance(
                market=self.name, instance_id=instance_id, label=None, state="gone",
                tenancy=Tenancy.ON_DEMAND, gpu="?", gpu_count=1, price_usd_h=None,
            )  # fmt: skip
        return instance_of(pod, self.facts, self.market)

    async def _rest_instance(self, instance_id: str) -> Instance:
        response = await self._rest("GET", f"/v2/pods/{instance_id}")
        if response.status_code == 404:
            return self.gone(instance_id)
        pod = msgspec.json.decode(response.content, type=dict[str, Any])
        return rest_instance_of(pod, self.facts, self.market)

    async def _rest(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        """One request to the REST interface; a pod that is not there is the caller's to judge."""
        try:
            response = await self.http.send(method, path, json=body)
        except httpx.HTTPError as error:
            raise self.http.unreachable(error) from error
        if response.status_code >= 400 and response.status_code != 404:
            raise self.http.refused(response)
        return response

    async def _act(self, instance_id: str, action: str, verb: Callable[[Any], Any]) -> None:
        """Do something to a pod: through the SDK, or over REST where GraphQL has been retired."""
        try:
            await self._query("query { __typename }")
        except Retired:
            await self._rest("POST", f"/v2/pods/{instance_id}/action", {"action": action})
        else:
            await self._ask_sdk(verb)

    async def _keyed(self, document: str, variables: dict[str, Any] | None = None) -> Any:
        self.need_key()
        return await self._query(document, variables)

    async def _ask_sdk(self, verb: Callable[[Any], Any]) -> Any:
        self.need_key()
        return await asyncio.to_thread(self._call_sdk, verb)

    def _call_sdk(self, verb: Callable[[Any], Any]) -> Any:
        """One call of the vendor's SDK, its failures as ours."""
        with plain_stdout():
            import requests  # noqa: PLC0415  with the SDK, 0.1 s
            import runpod  # noqa: PLC0415  2 s
            from runpod import error as theirs  # noqa: PLC0415  with the SDK

        runpod.api_key = self.key
        try:
            return verb(runpod)
        except theirs.AuthenticationError as error:
            said = self.http.why(error)
            raise BadKey(f"RunPod does not accept the key: {said}", remedy="Check it.") from error
        except theirs.QueryError as error:
            raise _no(str(error), self.key) from error
        except (requests.RequestException, KeyError, TypeError, IndexError, ValueError) as error:
            raise MarketError(
                f"RunPod's SDK failed ({type(error).__name__}: {self.http.why(error)}).",
                remedy="Try again in a minute.",
            ) from error

    async def destroy(self, instance_id: str) -> None:
        """Ask for the end; a pod that is not there is no error."""
        try:
            await self._act(instance_id, "terminate", lambda sdk: sdk.terminate_pod(instance_id))
        except MarketError as error:
            if "not found" not in str(error):
                raise

    async def stop(self, instance_id: str) -> None:
        """Free the GPU; only the volume is kept, the container's disk is erased."""
        await self._act(instance_id, "stop", lambda sdk: sdk.stop_pod(instance_id))

    async def logs(self, instance_id: str, lines: int) -> str:
        """What the container printed last, from the REST interface's event stream."""
        return await self.http.read(
            "GET", f"/v2/pods/{instance_id}/logs", lambda body: _log_lines(body, lines)
        )

    async def charges(self, instance_id: str) -> tuple[Charge, ...]:
        """What the pod was billed, GPU and disk."""
        params = {"podId": instance_id, "bucketSize": "year"}
        document: Any = await self.http.read(
            "GET", "/v2/billing/pods", msgspec.json.decode, params=params
        )
        records = [r for r in document.get("records") or [] if r.get("podId") == instance_id]
        return _charges(records)


class _FieldGone(MarketError):
    """The service does not know a field any more."""


class _Told(Exception):
    """GraphQL said no; not a reason to repeat."""


def _no(message: str, key: str | None) -> MarketError:
    """What GraphQL said no with."""
    message = hidden(message, key)
    low = message.lower()
    if "cannot query field" in low or "unknown argument" in low:
        return _FieldGone(f"RunPod: {message}", remedy="Update Hunter: the service has changed.")
    if any(words in low for words in NO_CAPACITY):
        return OfferGone(f"RunPod: {message}", remedy="Take the next of hunter deals --refresh.")
    if "balance" in low or "credit" in low:
        return NoCredit(f"RunPod: {message}", remedy="Add credit to the account.")
    return MarketError(f"RunPod: {message}", remedy="Try again in a minute.")


def _unclear(message: str) -> CreateUnclear:
    return CreateUnclear(message, remedy="Nothing is sent again; the pod is looked up by its name.")


def _data_or_error(body: bytes) -> Any:
    try:
        return parse_data(body)
    except GraphqlError as error:
        raise _Told(str(error)) from error


def _poll(countries: list[str]) -> str:
    """The poll of one width: one request for prices, stock by data centre and community stock by country."""
    by_country = " ".join(
        f'c_{code}: lowestPrice(input: {{gpuCount: $n, secureCloud: false, countryCode: "{code}"}}) {PRICE}'
        for code in countries
        if code.isalnum()
    )
    return f"""query Poll($n: Int!) {{
  gpuTypes {{ {GPU_FIELDS}
    secure: lowestPrice(input: {{gpuCount: $n, secureCloud: true}}) {PRICE}
    community: lowestPrice(input: {{gpuCount: $n, secureCloud: false}}) {PRICE} {by_country} }}
  dataCenters {{ id name location listed storageSupport
    gpuAvailability(input: {{gpuCount: $n}}) {{ gpuTypeId available stockStatus }} }} }}"""


def _by_country(data: Any, countries: list[str]) -> dict[str, dict[str, Lowest]]:
    return {
        str(gpu.get("id")): {
            code: msgspec.convert(lowest, Lowest)
            for code in countries
            if (lowest := gpu.get(f"c_{code}")) is not None
        }
        for gpu in data.get("gpuTypes") or []
    }


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
            event = msgspec.json.decode(line[5:].strip())
            text.append(str(event.get("line", event) if isinstance(event, dict) else event))
    return "\n".join(text[-lines:])


def _charges(records: list[dict[str, Any]]) -> tuple[Charge, ...]:
    """What a pod's records of billing come to."""
    if not records:
        return ()
    return (
        Charge(item="gpu", usd=sum(float(r["gpuAmount"]) for r in records)),
        Charge(item="disk", usd=sum(float(r["diskAmount"]) for r in records)),
    )
