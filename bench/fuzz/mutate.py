"""Changes to valid documents: mostly of their structure and values, seldom of their bytes.

Everything is drawn from one `random.Random`, so that a seed and a number name an input for good.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

STRANGE = (
    "", " ", "x", "0", "-1", "0.3", "1e999", "nan", "NaN", "Infinity", "null", "true", "²", "٣", "１２",
    "\x00", "\x1b]52;c;ZXZpbA==\x07", "\x1b[2J", "\x9b31m", "a\nRUN b", "a\r\nb", "\u202egpj.exe", "\u2028",
    "\ud800", "\ufeff", "\u200b", "e\u0301" * 40, "..", "../../etc/passwd", "/dev/zero", "~root", "%s%n",
    "${HOME}", "$(id)", "`id`", "; rm -rf /", "-oProxyCommand=id", "--", "=1+1", "@SUM(A1)", "'", '"', "\\",
    "<script>", "http://[::1", "http://169.254.169.254/", "s3://", "hf:", "sha256:" + "0" * 64,
    "sha256:" + "g" * 64, "2026-11-27T10:00:00Z", "9999-12-31", "9" * 400, "x" * 5000, "é" * 300,
)  # fmt: skip
"""Texts that one parser or another has stumbled over."""
NUMBERS: tuple[Any, ...] = (
    0, -0.0, 1, -1, 0.5, -0.5, 1e-320, 1e-9, 1e15, 1e300, -1e300, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63),
    10**30, 10**400, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
PLAIN: tuple[Any, ...] = (
    None,
    True,
    False,
    [],
    [None],
    {},
    {"": None},
    {"id": 1},
    [[[[]]]],
    [1, "a", None],
)
DEEP = "\uf8ffdeep"
"""Stands in a tree for values nested too deep to be written by a library."""
LEVELS = (8, 70, 900, 20_000)


def value(chance: random.Random) -> Any:
    """Some value that does not belong there."""
    kind = chance.random()
    if kind < 0.4:
        return _copy(chance.choice(PLAIN))
    if kind < 0.7:
        return chance.choice(NUMBERS)
    if kind < 0.98:
        return chance.choice(STRANGE)
    return DEEP


def tree(document: Any, chance: random.Random) -> Any:
    """A copy of a document with one to four changes."""
    found = _copy(document)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        holder = [found]
        _change(holder, chance)
        found = holder[0]
    return found


def _copy(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _copy(part) for key, part in node.items()}
    return [_copy(part) for part in node] if isinstance(node, list) else node


def _change(holder: list[Any], chance: random.Random) -> None:
    """Walk down to some place and change what is there."""
    node: Any = holder
    while True:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        key = chance.choice(keys)
        inner = node[key]
        if isinstance(inner, dict | list) and inner and chance.random() < 0.93:
            node = inner
            continue
        break
    kind = chance.random()
    if kind < 0.12 and node is not holder:
        del node[key]
    elif kind < 0.2 and isinstance(node, dict):
        node[chance.choice(STRANGE)] = node.pop(key)
    elif kind < 0.3 and isinstance(node, list) and node is not holder:
        node[key:key] = [_copy(inner)] * chance.choice((1, 2, 60))
    elif kind < 0.55:
        node[key] = near(inner, chance)
    elif kind < 0.62 and isinstance(node, dict):
        node[key] = _copy(node[chance.choice(list(node))])
    elif kind < 0.67:
        node[key] = chance.choice(([inner], {"value": inner}, str(inner)))
    else:
        node[key] = value(chance)


def near(node: Any, chance: random.Random) -> Any:
    """A value of the same kind, a little or very much off."""
    if isinstance(node, bool) or node is None:
        return not node
    if isinstance(node, int | float):
        try:
            return chance.choice(
                (-node, node + 1, node * 1000, node / 7, float(node), str(node), 10**18 + int(node))
            )
        except (ArithmeticError, ValueError):  # it is far off already
            return chance.choice(NUMBERS)
    if isinstance(node, str):
        return text(node, chance)
    return value(chance)


def text(words: str, chance: random.Random) -> str:
    """A text with one to three changes of its signs."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randint(0, len(words))
        end = min(len(words), at + chance.choice((0, 1, 1, 2, 5)))
        kind = chance.random()
        if kind < 0.2:
            words = words[:at] + words[end:]
        elif kind < 0.45:
            words = words[:at] + chance.choice(STRANGE) + words[end:]
        elif kind < 0.6:
            words = (
                words[:at]
                + chance.choice("0123456789:/@.,;=-+*?[](){}<>#%&|~^\"' \tabzAZ\u00e9")
                + words[end:]
            )
        elif kind < 0.7:
            words = words[:end] + words[at:]
        elif kind < 0.76:
            words = words[:at] + words[at:end] * chance.choice((2, 50, 2000)) + words[end:]
        elif kind < 0.82:
            words = words.swapcase()
        elif kind < 0.88:
            words = (
                chance.choice((" ", "\t", "\n", "\u00a0", ""))
                + words
                + chance.choice((" ", "\n", "\x00", ""))
            )
        elif kind < 0.93:
            words = words[::-1]
        elif kind < 0.96:
            words += words
        else:
            words = words[:at]
    return words[:200_000]


def bytes_of(body: bytes, chance: random.Random, share: float = 0.1) -> bytes:
    """The same bytes, and a share of the times a few others: cut, turned, or put in."""
    if chance.random() >= share or not body:
        return body
    at = chance.randrange(len(body))
    kind = chance.random()
    if kind < 0.4:
        return body[:at]
    if kind < 0.7:
        return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]
    return (
        body[:at]
        + chance.choice((b"\xff\xfe", b"\x00", b"\xef\xbb\xbf", b"\xc3", b"}", b'"'))
        + body[at:]
    )


# ── documents as bytes ───────────────────────────────────────────────────────────────────────
def json_bytes(found: Any, chance: random.Random) -> bytes:
    """A tree as JSON, now and then with a key twice, and with the signs that other servers take for JSON."""
    body = json.dumps(found, ensure_ascii=chance.random() < 0.7).encode("utf-8", "surrogatepass")
    if chance.random() < 0.05:
        body = body.replace(b"{", b'{"id": null, "id": 7, ', 1)
    mark = json.dumps(DEEP).encode(), f'"{DEEP}"'.encode()
    for written in mark:
        if written in body:
            levels = chance.choice(LEVELS)
            opens, closes = chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
            body = body.replace(
                written, opens * levels + (b"1" if opens != b"[" else b"") + closes * levels
            )
    return body


def is_json(body: bytes) -> bool:
    """Whether a lenient reader takes it: NaN and repeated keys, and any depth."""
    try:
        json.loads(body)
    except RecursionError:
        return True
    except ValueError as error:
        return "digits" in str(error)  # a longer whole number than Python likes
    return True
