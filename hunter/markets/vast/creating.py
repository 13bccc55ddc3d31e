"""A create at Vast: what is sent, and what each answer means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hunter.markets.answers import document_of
from hunter.markets.guard import Carrier
from hunter.markets.protocol import Created
from hunter.markets.vast.container import MOST_ONSTART, check_command, vast_env
from hunter.values.errors import BadKey, CreateUnclear, MarketError, NoCredit, OfferGone

if TYPE_CHECKING:
    import httpx

    from hunter.markets.http import Http
    from hunter.markets.protocol import Order

ASK_GONE = ("no_such_ask",)
NO_CREDIT = ("insufficient_credit", "insufficient credit", "lacks credit")
BAD_KEY = ("auth_error",)
REFUSED = (
    "invalid_args",
    "invalid_price",
    "invalid_request",
    "no_ssh_key_for_vm",
    "spend_rate_limit",
)
"""Codes of refusals after which nothing has been seen to exist (OpenAPI of 2026-08-07, recorded errors)."""
REFUSING = (400, 401, 402, 403, 404, 410, 411, 422)
"""Statuses that such a refusal comes with."""
_ID = re.compile(rb'"new_contract"\s*:\s*"?([0-9]{1,18})(?=["\s,}])')


def carrier(base_url: str) -> Carrier:
    """What onstart can carry."""
    own = ("CONTAINER_ID", "CONTAINER_API_KEY")
    return Carrier(market="vast", base_url=base_url, own=own, most=MOST_ONSTART)


def create_body(order: Order, onstart: str | None = None) -> dict[str, Any]:
    """What Vast documents for PUT asks: a price makes it a bid, its absence rents on demand.

    `onstart` stands in the place of the order's command.
    """
    check_command(order.command)
    return {
        "client_id": "me",
        "image": order.image,
        "env": vast_env(order.ports, order.env),
        "price": order.bid_usd_h,
        "disk": order.disk_gb,
        "label": order.label,
        "onstart": order.command if onstart is None else onstart,
        "runtype": "ssh_direc ssh_proxy",
        "cancel_unavail": True,
        "force": False,
    }


def outcome(response: httpx.Response, http: Http) -> Created:
    """What an answer to a create means.

    Raises the kind of MarketError that a known refusal is, and CreateUnclear for every other answer, with
    the id of the instance that it names.
    """
    body, status = response.content, response.status_code
    document = document_of(body) or {}
    contract = _contract(body)
    if status == 200 and document.get("success") is True and contract is not None:
        return Created(instance_id=contract)
    said = http.failures.said(response)
    if contract is not None:
        raise CreateUnclear(
            f"Vast.ai answered the create with {status} and named instance {contract}: {said}",
            remedy="The instance is on record under that id.",
            instance_id=contract,
            said_no=document.get("success") is False,
        )
    known = _refusal(document, status, said)
    if known is not None:
        raise known
    raise CreateUnclear(
        f"Vast.ai answered the create with {status}: {said}",
        remedy="Nothing is sent again; the instance is looked up by its label.",
    )


def _contract(body: bytes) -> str | None:
    """The id of the instance that an answer names, also one that breaks off after it."""
    found = _ID.search(body)
    return found[1].decode() if found and int(found[1]) > 0 else None


def _refusal(document: dict[str, Any], status: int, said: str) -> MarketError | None:
    """A refusal that is known for what it is; None for any other answer."""
    if status == 401:  # keys are looked at before anything is done
        return BadKey(
            f"Vast.ai does not accept the key ({status}): {said}",
            remedy="Check the key in the environment or in the vendor's own file.",
        )
    code = document.get("error")
    words = f"{code} {document.get('msg')}".lower()
    told = document.get("success") is False or isinstance(code, str)
    if not told or status not in (200, *REFUSING):
        return None
    if any(word in words for word in BAD_KEY):
        return BadKey(
            f"Vast.ai does not accept the key ({status}): {said}",
            remedy="Check the key in the environment or in the vendor's own file.",
        )
    if any(word in words for word in ASK_GONE):
        return OfferGone(
            f"Vast.ai: the offer is taken ({said})",
            remedy="Take the next of hunter deals --refresh.",
        )
    if any(word in words for word in NO_CREDIT):
        return NoCredit(f"Vast.ai: {said}", remedy="Add credit to the account.")
    if code in REFUSED:
        return MarketError(
            f"Vast.ai refused the create ({status}): {said}", remedy="Change what it names."
        )
    return None
