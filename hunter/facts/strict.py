"""Files of facts and settings as frozen types; a mistake is one sentence with file, table and key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from hunter.facts.files import read_text, why
from hunter.values.errors import ConfigError
from hunter.values.text import cleaned, is_clean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hunter.values.errors import UsageError

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {
    "`float`": "a number",
    "`int`": "a whole number",
    "`str`": "text",
    "`bool`": "true or false",
    "`object`": "a table",
    "`array`": "a list",
    "`null`": "nothing",
}
"""How the converter's words for types are said to people."""
_ANY_KEY = "[...]"
LONGEST_TEXT = 2000
"""Characters of one text in a file that a user writes: the longest addresses."""
DEEPEST = 16
"""Tables within tables; ours are three deep."""
_LONG_KEY = re.compile(r"^(?:[^\n=.]{0,200}\.){200}", re.M)
"""A key of hundreds of parts takes the reader of TOML time that grows with their square."""


def read_toml(
    path: Path, type_: type[T], *, given: Mapping[str, Any] | None = None,
    error: type[UsageError] = ConfigError, remedy: str = "Correct the file.",
) -> T:  # fmt: skip
    """A TOML file as a value; raises `error` with the file's name where it is none.

    Args:
        path: of the file; FileNotFoundError passes through.
        type_: a msgspec type in the file's own shape.
        given: keys that are known without the file, which may not state them.
        error: what to raise.
        remedy: what it advises.
    """
    place = _short(path)
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as wrong:
        raise error(f"{place} cannot be read: {why(wrong)}.", remedy=remedy) from wrong
    table = table_of(text, place, error=error, remedy=remedy, wrong="cannot be read")
    for key in given or {}:
        if key in table:
            raise error(f"{place}, {key}: no such key is known here.", remedy=remedy)
    return convert({**table, **(given or {})}, type_, place, error=error, remedy=remedy)


def table_of(
    text: str, place: str, *, error: type[UsageError] = ConfigError,
    remedy: str = "Correct that line.", wrong: str = "is no TOML",
    free: Collection[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """The table in the text of a TOML file; what is none, or holds text that is not shown, raises `error`.

    Args:
        text: of the file.
        place: names the file in the error.
        error: what to raise.
        remedy: what it advises.
        wrong: what is said of a file that is none.
        free: keys at the top whose texts may be of many lines.
    """
    if found := _LONG_KEY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise error(f"{place}, line {line}: tables lie in tables too deeply.", remedy=remedy)
    try:
        table = tomllib.loads(text)
    except RecursionError as deep:
        raise error(f"{place}: tables lie in tables too deeply.", remedy=remedy) from deep
    except ValueError as mistake:
        said = str(mistake).rstrip(".")
        if "integer string conversion" in said:  # Python's own limit, in Python's own words
            said = "a number has thousands of digits"
        raise error(f"{place} {wrong}: {said}.", remedy=remedy) from mistake
    for path, words in _texts(table, ()):
        many_lines = path[0] in free and len(path) <= 2
        if problem := _problem(path, words, many_lines=many_lines):
            where = ".".join(cleaned(part, 40) for part in path[:DEEPEST])
            raise error(f"{place}, {where}: {problem}.", remedy="Correct that key.")
    return table


def _texts(held: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a table, the names of its keys among them, with its place."""
    if isinstance(held, dict):
        for key, value in held.items():
            yield (*path, key), ""
            if len(path) < DEEPEST:
                yield from _texts(value, (*path, key))
    elif isinstance(held, list):
        if len(path) >= DEEPEST:
            yield (*path, "[]"), ""
            return
        for value in held:
            yield from _texts(value, (*path, "[]"))
    elif isinstance(held, str):
        yield path, held


def _problem(path: tuple[str, ...], words: str, *, many_lines: bool) -> str:
    """Why a text cannot stand there; nothing where it can."""
    if len(path) > DEEPEST:
        return "tables lie in tables too deeply"
    if not is_clean(path[-1]):
        return "the key holds a sign that is not shown"
    if many_lines:
        return "it holds a NUL" if "\0" in words else ""
    if len(words) > LONGEST_TEXT:
        return f"it is longer than {LONGEST_TEXT:,} characters"
    return "" if is_clean(words) else "it holds a line break or another sign that is not shown"


def convert(
    table: Any, type_: type[T], place: str, *, error: type[UsageError] = ConfigError,
    remedy: str = "Correct or remove that key.", strict: bool = True,
) -> T:  # fmt: skip
    """Plain values as a typed one; `place` names their file in the error.

    Unless strict, text is read as numbers where numbers belong.
    """
    try:
        return msgspec.convert(table, type_, strict=strict)
    except msgspec.ValidationError as wrong:
        what, _, where = str(wrong).partition(" - at ")
        path = _spelt_out(where.strip("`"), table, type_, str(wrong))
        raise error(f"{place}, {path or 'the file'}: {_plain(what)}.", remedy=remedy) from wrong


def _short(path: Path) -> str:
    """A path as people know it: what ships is named from the project's root."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else cleaned(str(path))


def _plain(what: str) -> str:
    """The converter's sentence in plain words.

    >>> _plain("Expected `float`, got `str`")
    'expected a number, not text'
    >>> _plain("Object missing required field `source`")
    'the key source is missing'
    >>> _plain("Object contains unknown field `sauce`")
    'no key sauce is known here'
    """
    if found := re.fullmatch(r"Object missing required field `(.+)`", what):
        return f"the key {found[1]} is missing"
    if found := re.fullmatch(r"Object contains unknown field `(.+)`", what):
        return f"no key {found[1]} is known here"
    for word, plain in PLAIN.items():
        what = what.replace(word, plain)
    what = what.replace(", got ", ", not ")
    return what[:1].lower() + what[1:]


def _spelt_out(where: str, table: Any, type_: type[T], message: str) -> str:
    """Where a mistake is, as `app.vllm.boot_s`: the converter leaves out which entry of a table it met.

    Each entry is converted alone; the one that fails the same way is meant. Where a key is the mistake the
    converter says "`key` in" and the place of its table; a key that looks like a path leads nowhere.
    """
    try:
        return _walked(where.removeprefix("key` in `"), table, type_, message)
    except (LookupError, TypeError, ValueError):
        return where.removeprefix("$").removeprefix(".")


def _walked(where: str, table: Any, type_: type[T], message: str) -> str:
    parts = re.findall(r"\[\.\.\.\]|\[\d+\]|[^.\[\]]+", where.removeprefix("$"))
    for i, part in enumerate(parts):
        if part == _ANY_KEY:
            held = _at(table, parts[:i])
            parts[i] = next(
                (k for k in held if _fails(_only(table, parts[:i], k), type_, message)), _ANY_KEY
            )
            if parts[i] == _ANY_KEY:
                break
            table = _only(table, parts[:i], parts[i])
    return "".join(p if p.startswith("[") else f".{p}" for p in parts).removeprefix(".")


def _key(held: Any, part: str) -> Any:
    return int(part[1:-1]) if isinstance(held, list) else part


def _at(table: Any, parts: list[str]) -> Any:
    for part in parts:
        table = table[_key(table, part)]
    return table


def _only(table: Any, parts: list[str], key: str) -> Any:
    """The same values, with only one entry left in the table that the path leads to."""
    if not parts:
        return {key: table[key]}
    inner = _key(table, parts[0])
    changed = _only(table[inner], parts[1:], key)
    if isinstance(table, list):
        return [changed if i == inner else value for i, value in enumerate(table)]
    return {**table, inner: changed}


def _fails(table: Any, type_: type[T], message: str) -> bool:
    try:
        msgspec.convert(table, type_)
    except msgspec.ValidationError as wrong:
        return str(wrong) == message
    return False
