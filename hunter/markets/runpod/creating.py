"""A create at RunPod: what each interface's answer means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hunter.markets.answers import document_of, message_in, without_secrets
from hunter.markets.protocol import Created
from hunter.markets.runpod.graphql import refusal
from hunter.values.errors import BadKey, CreateUnclear, MarketError, NoCredit

if TYPE_CHECKING:
    import httpx

    from hunter.markets.http import Http

CREATE = """mutation Create($input: PodFindAndDeployOnDemandInput) {
  podFindAndDeployOnDemand(input: $input) { id costPerHr machineId } }"""
BID = """mutation Bid($input: PodRentInterruptableInput!) {
  podRentInterruptable(input: $input) { id costPerHr machineId } }"""
FIELDS = ("podFindAndDeployOnDemand", "podRentInterruptable")
REST_REFUSING = (400, 403, 409, 422)
"""Statuses with which the REST interface refuses a body or a place, as its document says (2026-08-20)."""
_ID = re.compile(rb'"id"\s*:\s*"([A-Za-z0-9_-]{1,64})"')


def graphql_outcome(response: httpx.Response, http: Http) -> Created:
    """What GraphQL's answer to a create means.

    Raises the kind of MarketError that a known refusal is, and CreateUnclear for every other answer, with
    the id of the pod that it names.
    """
    document = document_of(response.content)
    data = (document or {}).get("data")
    made = _pod_in(data)
    if response.status_code == 200 and made is not None and not (document or {}).get("errors"):
        return Created(instance_id=made)
    named = made or (_id_in(response.content) if document is None else None)
    said = http.failures.said(response)
    errors = (document or {}).get("errors")
    if named is None:
        _known(response, http)
    if errors and named is None and response.status_code in (200, 400):
        known = refusal(without_secrets(message_in(errors), http.key))
        if known is not None:
            raise known
    raise unclear(f"RunPod answered the create with {response.status_code}: {said}", named)


def rest_outcome(response: httpx.Response, http: Http) -> Created:
    """The same for the REST interface."""
    document = document_of(response.content)
    named = _id_in(response.content) if document is None else _rest_pod_in(document)
    if response.status_code == 201 and document and named is not None:
        return Created(instance_id=named, note="over REST: GraphQL is retired")
    said = http.failures.said(response)
    if named is None:
        _known(response, http)
        if response.status_code in REST_REFUSING and "detail" in (document or {}):
            raise refusal(said) or MarketError(
                f"RunPod refused the create ({response.status_code}): {said}",
                remedy="Take another offer, or change what it names.",
            )
    raise unclear(f"RunPod answered the create with {response.status_code}: {said}", named)


def unclear(message: str, instance_id: str | None = None) -> CreateUnclear:
    """What came of a create is not known."""
    return CreateUnclear(
        message,
        remedy="Nothing is sent again; the pod is looked up by its name.",
        instance_id=instance_id,
    )


def _known(response: httpx.Response, http: Http) -> None:
    """Raise where the status alone says that nothing was done: keys and money are looked at first."""
    if response.status_code == 401:
        raise http.failures.refused(response)
    if response.status_code == 402:
        raise NoCredit(
            f"RunPod: {http.failures.said(response)}", remedy="Add credit to the account."
        )
    if response.status_code == 403 and document_of(response.content) is not None:
        raise BadKey(
            f"RunPod does not allow it with this key (403): {http.failures.said(response)}",
            remedy="Check what the key may do.",
        )


def _pod_in(data: Any) -> str | None:
    """The id of the pod in an answer's data, whatever it is called there."""
    if not isinstance(data, dict):
        return None
    pods = [data.get(name) for name in FIELDS] + list(data.values())
    return next((found for pod in pods if isinstance(pod, dict)
                 if (found := _text(pod.get("id"))) is not None), None)  # fmt: skip


def _rest_pod_in(document: dict[str, Any]) -> str | None:
    """The id of the pod in REST's answer; the id of a problem is none."""
    if "title" in document and "detail" in document:
        return None
    return _text(document.get("id")) or _pod_in(document)


def _id_in(body: bytes) -> str | None:
    """The id in an answer that breaks off after it."""
    found = _ID.search(body)
    return found[1].decode() if found else None


def _text(value: Any) -> str | None:
    return value[:64] if isinstance(value, str) and value else None
