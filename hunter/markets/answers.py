"""What a market's answer says, as a line for people: its sentence, never its secrets."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from hunter.markets.records import decode
from hunter.values.keys import hidden
from hunter.values.text import LONGEST_SENTENCE, cleaned

LONGEST = 200
"""Characters of a market's sentence that are repeated."""
SENTENCES = ("msg", "detail", "message", "error", "title")
"""Fields in which the markets say why."""
_TOKEN = re.compile(r"(?<![\w/@:.-])(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z])[A-Za-z0-9_-]{24,}(?![\w.])")
"""What looks like a key: Vast's have 64 digits and letters, RunPod's some 50 after `rpa_`."""
_SECRET = re.compile(
    r"""((?<![\w-])["']?[\w-]*(?:api_?key|token|secret|passw(?:or)?d|authorization)["']?\s*[:=]\s*(?:bearer\s+)?["']?)[^\s"',}]+""",
    re.IGNORECASE,
)


def message_of(body: bytes) -> str:
    """The sentence in a market's refusal, whatever its shape; never more than a line.

    An object without a sentence is not repeated: whatever else is in it may be nobody's business. A create's
    answer holds a key.

    >>> message_of(b'{"success": false, "msg": "no credit"}'), message_of(b'{"instance_api_key": "abc')
    ('no credit.', 'an answer without a sentence.')
    """
    text = body[: 64 * LONGEST].decode("utf-8", "replace").strip()
    if text[:1] in ("{", "["):
        text = _sentence_in(body) or "an answer without a sentence"
    elif text.startswith("<"):
        text = "a web page"
    elif text:  # data inside a sentence may hold a key in any disguise
        text = re.split(r"[{\[]", text)[0].rstrip(" :\"'") or "an answer without a sentence"
    line = without_secrets(text)
    return (line[:LONGEST] or "nothing") + ("" if line.endswith(".") else ".")


def without_secrets(text: str, *secrets: str | None) -> str:
    """A text as one line of signs that can be printed, without what is, or looks like, a key.

    >>> without_secrets('no: "instance_api_key": "64c"')
    'no: "instance_api_key": "***"'
    >>> without_secrets("key 0123456789abcdef0123456789abcdef")
    'key ***'
    """
    plain = " ".join(cleaned(text, LONGEST_SENTENCE).split())
    return _TOKEN.sub("***", _SECRET.sub(r"\1***", hidden(plain, *secrets)))


def message_in(errors: Any) -> str:
    """The first sentence in GraphQL's `errors`, whatever its shape.

    >>> message_in([{"message": "boom"}]), message_in(["boom"]), message_in({})
    ('boom', 'boom', 'an error without a message')
    """
    first = errors[0] if isinstance(errors, list) and errors else errors
    if isinstance(first, dict):
        first = first.get("message")
    plain = isinstance(first, str) and first.strip()
    return without_secrets(first[:LONGEST]) if plain else "an error without a message"


def document_of(body: bytes) -> dict[str, Any] | None:
    """An answer as an object; None where it is none."""
    try:
        return decode(body, dict[str, Any])
    except ValueError:
        return None


def _sentence_in(body: bytes) -> str | None:
    document = document_of(body)
    if document is None:
        return _first(body)
    if document.get("errors"):
        return message_in(document["errors"])
    found = (document.get(name) for name in SENTENCES)
    return next((text for text in found if isinstance(text, str) and text.strip()), None)


def _first(body: bytes) -> str | None:
    """The same in an answer that breaks off."""
    text = body.decode("utf-8", "replace")
    for name in SENTENCES:
        found = re.search(rf'"{name}"\s*:\s*("(?:[^"\\]|\\.)*+")', text)
        if found:
            try:
                return msgspec.json.decode(found[1], type=str)
            except ValueError:
                continue
    return None
