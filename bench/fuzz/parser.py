"""What a parser is here: a name, valid documents, the form in which they travel, and how they are read."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.fuzz import forms, mutate

SECRET = "s3cr3t" * 8
"""Stands for every key in a document: no sentence of ours may repeat it."""


def scratch() -> str | None:
    """Where files of a moment are kept: in memory, where there is such a folder."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Write = Callable[[Any, random.Random], Any]
    Read = Callable[[Any], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a document travels."""

    name: str
    change: Callable[[Any, random.Random], Any]
    """A copy with a few changes."""
    write: Write
    decodes: Callable[[Any], bool]
    """Whether it can be taken apart at all, whatever it says."""


def _bytes(write: Callable[[Any, random.Random], bytes]) -> Write:
    def written(found: Any, chance: random.Random) -> bytes:
        return mutate.bytes_of(write(found, chance), chance)

    return written


def _text(found: Any, chance: random.Random) -> str:
    return str(found)


def _is_text(found: Any) -> bool:
    try:
        (found if isinstance(found, bytes) else str(found).encode()).decode()
    except UnicodeError:
        return False
    return True


def _lines(found: Any, chance: random.Random) -> bytes:
    return str(found).encode("utf-8", "replace")


def _blob(found: Any, chance: random.Random) -> bytes:
    """Bytes whose every place means something: one to four of them are others, or it is cut."""
    body = bytearray(found)
    for _ in range(chance.randint(1, 4)):
        if body:
            body[chance.randrange(len(body))] = chance.choice(
                (0, 1, 127, 128, 255, chance.randrange(256))
            )
    return bytes(body[: chance.randrange(len(body) + 1)]) if chance.random() < 0.1 else bytes(body)


JSON = Form(
    name="JSON", change=mutate.tree, write=_bytes(mutate.json_bytes), decodes=mutate.is_json
)
TOML = Form(name="TOML", change=mutate.tree, write=_bytes(forms.toml_bytes), decodes=forms.is_toml)
CSV = Form(name="CSV", change=mutate.tree, write=_bytes(forms.csv_bytes), decodes=forms.is_csv)
XML = Form(name="XML", change=mutate.tree, write=_bytes(forms.xml_bytes), decodes=forms.is_xml)
LINES = Form(name="lines", change=mutate.text, write=_bytes(_lines), decodes=_is_text)
WORDS = Form(name="text", change=mutate.text, write=_text, decodes=_is_text)
BLOB = Form(
    name="bytes", change=lambda found, chance: found, write=_blob, decodes=lambda found: True
)
ROWS = Form(
    name="row", change=mutate.tree, write=lambda found, chance: found, decodes=lambda found: True
)
"""Plain values that are handed on as they are."""
DOCUMENTS = (JSON, TOML, CSV, XML)
"""Forms that a text may fail to have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One way in."""

    name: str
    seeds: tuple[Any, ...]
    form: Form
    opened: Callable[[], AbstractContextManager[Read]]
    """All that it takes to read one input after the other."""
    weight: float = 1.0
    """How many inputs it gets beside others: fewer where one takes long."""

    def input(self, chance: random.Random) -> Any:
        """One input."""
        seed = chance.choice(self.seeds)
        return self.form.write(self.form.change(seed, chance), chance)


def plain(read: Read) -> Callable[[], AbstractContextManager[Read]]:
    """For what needs nothing but its input."""
    from contextlib import nullcontext

    return lambda: nullcontext(read)


def copied(document: Any) -> Any:
    """A document of JSON's own values."""
    return json.loads(json.dumps(document))
