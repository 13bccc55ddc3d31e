"""Documents that are no JSON, written from trees: TOML, CSV, XML."""

from __future__ import annotations

import csv
import io
import math
import tomllib
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from bench.fuzz.mutate import DEEP, LEVELS, STRANGE

if TYPE_CHECKING:
    import random


# ── TOML ─────────────────────────────────────────────────────────────────────────────────────
def toml_bytes(found: Any, chance: random.Random) -> bytes:
    """A table as TOML; what has no form there is left out, or becomes a date."""
    table = found if isinstance(found, dict) else {"value": found}
    lines = [f"{_quoted(str(key))} = {_toml(part, chance)}" for key, part in table.items()]
    if lines and chance.random() < 0.03:
        lines.append(chance.choice(lines))
    body = "\n".join(lines) + "\n"
    if chance.random() < 0.03:
        body = "\ufeff" + body.replace("\n", "\r\n")
    return body.encode("utf-8", "replace")


def _toml(part: Any, chance: random.Random) -> str:
    if isinstance(part, bool):
        return "true" if part else "false"
    if isinstance(part, float):
        if math.isfinite(part):
            return repr(part)
        return "nan" if math.isnan(part) else f"{'-' if part < 0 else ''}inf"
    if isinstance(part, int):
        return str(part)
    if part == DEEP:
        levels = chance.choice(LEVELS[:3])
        return "[" * levels + "]" * levels
    if isinstance(part, str):
        return _quoted(part)
    if isinstance(part, list):
        return "[" + ", ".join(_toml(each, chance) for each in part) + "]"
    if isinstance(part, dict):
        return (
            "{"
            + ", ".join(f"{_quoted(str(k))} = {_toml(v, chance)}" for k, v in part.items())
            + "}"
        )
    return "1979-05-27T07:32:00Z"


def _quoted(words: str) -> str:
    signs = []
    for sign in words.encode("utf-8", "replace").decode():
        odd = sign < " " or sign in '"\\\x7f'
        signs.append(f"\\u{ord(sign):04x}" if odd else sign)
    return '"' + "".join(signs) + '"'


def is_toml(body: bytes) -> bool:
    """Whether it is TOML, for which Python's reader has the last word."""
    try:
        tomllib.loads(body.decode("utf-8"))
    except RecursionError:
        return True
    except ValueError as error:
        return "digits" in str(error)
    return True


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────
def csv_bytes(found: Any, chance: random.Random) -> bytes:
    """Rows of cells as CSV, in the dialect of some spreadsheet."""
    rows = found if isinstance(found, list) else [[found]]
    out = io.StringIO(newline="")
    separator = chance.choice(",,,,,,;\t")
    writer = csv.writer(
        out, delimiter=separator, lineterminator=chance.choice(("\n", "\n", "\r\n"))
    )
    for row in rows:
        writer.writerow(row if isinstance(row, list) else [row])
    body = out.getvalue()
    if chance.random() < 0.05:
        body = "\ufeff" + body
    return body.encode("utf-8", "replace")


def is_csv(body: bytes) -> bool:
    """Whether it is text that splits into cells."""
    try:
        list(csv.reader(io.StringIO(body.decode("utf-8"), newline="")))
    except (ValueError, csv.Error):
        return False
    return True


# ── XML ──────────────────────────────────────────────────────────────────────────────────────
def xml_bytes(found: Any, chance: random.Random) -> bytes:
    """A table of tags as XML, now and then with declarations and entities."""
    (name, inside), *_ = found.items() if isinstance(found, dict) and found else [("List", found)]
    body = _element(str(name), inside, chance)
    kind = chance.random()
    if kind < 0.03:
        body = f'<!DOCTYPE x [<!ENTITY a "{"b" * 9}">]>{body}'
    elif kind < 0.05:
        return f'<?xml version="1.0" encoding="utf-16"?>{body}'.encode("utf-16")
    elif kind < 0.07:
        return f'<?xml version="1.0" encoding="latin-1"?>{body}'.encode("latin-1", "replace")
    return b'<?xml version="1.0" encoding="UTF-8"?>' + body.encode("utf-8", "replace")


def _element(name: str, inside: Any, chance: random.Random) -> str:
    tag = "".join(sign for sign in name if sign.isalnum() and sign.isascii())[:40] or "Odd"
    tag = tag if tag[0].isalpha() else f"T{tag}"
    if isinstance(inside, list):
        return "".join(_element(name, each, chance) for each in inside)
    if isinstance(inside, dict):
        body = "".join(_element(str(key), part, chance) for key, part in inside.items())
    elif inside == DEEP:
        levels = chance.choice(LEVELS[:3])
        body = "<a>" * levels + "</a>" * levels
    elif inside is None:
        return f"<{tag}/>"
    else:
        words = (
            {True: "true", False: "false"}.get(inside, str(inside))
            if isinstance(inside, bool)
            else _digits(inside)
        )
        keep = chance.random() < 0.9
        words = (
            "".join(sign for sign in words if sign >= " " and sign not in "\ufffe\uffff")
            if keep
            else words
        )
        body = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<{tag}>{body}</{tag}>"


def _digits(inside: Any) -> str:
    return str(inside) if not isinstance(inside, int) or abs(inside) < 10**4000 else "9" * 5000


def is_xml(body: bytes) -> bool:
    """Whether it is well-formed."""
    try:
        expat.ParserCreate().Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError):
        return False
    return True


STRANGE_HEADERS = tuple(text for text in STRANGE if text.isascii() and text.isprintable())
"""What a header can carry."""
