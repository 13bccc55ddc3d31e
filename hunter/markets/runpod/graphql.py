"""RunPod's GraphQL: one address, HTTP 200 for nearly everything, errors in the body, also beside data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from hunter.markets.answers import document_of, message_in, without_secrets
from hunter.markets.records import decode
from hunter.values.errors import MarketError, NoCredit, OfferGone

if TYPE_CHECKING:
    from hunter.markets.http import Http

T = TypeVar("T")

NO_CAPACITY = ("no longer any instances available", "no instances available", "no instances currently",
               "does not have the resources", "not enough free gpus", "no resources",
               "could not find any pods with required specifications")  # fmt: skip
"""A create that was answered so has made nothing (runpod-go-sdk; openai/parameter-golf #821)."""
NO_CREDIT = ("balance", "credit", "insufficient funds")
INVALID = ("cannot query field", "unknown argument", "syntax error", "got invalid value", "unknown type",
           "is not defined by type", "must not have a selection", "field of required type")  # fmt: skip
"""GraphQL refuses such a document before anything is done."""
GONE_FIELDS = ("cannot query field", "unknown argument")
NOT_FOUND = ("pod not found", "pod_not_found")


class Answer(msgspec.Struct, Generic[T]):
    """A reply."""

    data: T | None = None
    errors: Any = None
    error: Any = None

    @property
    def trouble(self) -> str | None:
        """What it complains of; None where all of the data is there."""
        if self.errors:
            return message_in(self.errors)
        if self.data is None:
            said = self.error if isinstance(self.error, str) else "the reply has no data"
            return without_secrets(said[:200])
        return None


class FieldGone(MarketError):
    """The service does not know a field that was asked for: it removes some without a word."""


class NotFound(MarketError):
    """There is no such pod, says the service."""


async def ask(
    http: Http, type_: type[T], document: str, variables: dict[str, Any] | None = None
) -> tuple[T, str | None]:
    """A GraphQL read: its data, and what the service complained of beside it. MarketError without data."""
    body = {"query": document, "variables": variables or {}}
    shape: Any = Answer[type_]  # type: ignore[valid-type]

    def parse(reply: bytes) -> Answer[T]:
        found: Answer[T] = decode(reply, shape)
        return found

    answer = await http.read("POST", "/graphql", parse, json=body)
    if answer.data is None:
        raise refusal(answer.trouble or "") or MarketError(
            f"RunPod: {answer.trouble}", remedy="Try again in a minute."
        )
    return answer.data, answer.trouble


async def ask_once(http: Http, document: str, variables: dict[str, Any]) -> None:
    """A mutation that is no create, sent once; MarketError where the answer is no, or no answer to it."""
    body = {"query": document, "variables": variables}
    response = await http.act("POST", "/graphql", json=body)
    answer = document_of(response.content)
    if answer is None:
        raise http.failures.nonsense(response, ValueError("it is no object"))
    if answer.get("errors") or not isinstance(answer.get("data"), dict):
        said = (
            message_in(answer["errors"]) if answer.get("errors") else http.failures.said(response)
        )
        raise refusal(said) or MarketError(f"RunPod: {said}", remedy="Try again in a minute.")


def refusal(message: str) -> MarketError | None:
    """The kind of failure that a complaint is known to be; None where it is not known."""
    low = message.lower()
    if any(words in low for words in GONE_FIELDS):
        return FieldGone(f"RunPod: {message}", remedy="Update Hunter: the service has changed.")
    if any(words in low for words in NOT_FOUND):
        return NotFound(f"RunPod: {message}", remedy="hunter ps lists what runs.")
    if any(words in low for words in NO_CAPACITY):
        return OfferGone(f"RunPod: {message}", remedy="Take the next of hunter deals --refresh.")
    if any(words in low for words in NO_CREDIT):
        return NoCredit(f"RunPod: {message}", remedy="Add credit to the account.")
    if any(words in low for words in INVALID):
        return MarketError(f"RunPod: {message}", remedy="Update Hunter: the service has changed.")
    return None
