"""Text from outside, made fit to be shown: no terminal, table or log may take a word of it for an order.

Markets, registries, instances and files write what they like. It is cleaned where it comes in, and once
more at the doors where it goes out.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
"""Characters of a name, a place or a sentence of somebody else's: none needs more."""
LONGEST_SENTENCE = 2000
"""Characters of an error with all that it quotes."""
MOST_MARKS = 3
"""Signs without width that may stand on one letter; no script piles up more."""
_READ_AT_MOST = 16
"""How many times as much is looked at as is kept: what is taken out may be longer than what stays."""
_SEQUENCE = re.compile(
    "(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f\n\r]*+(?:\x07|\x1b\\\\|\x9c)"
    "|(?:\x1b\\[|\x9b)[0-?]*+[ -/]*+[@-~]?"
    "|\x1b[ -/]*+[0-~]?"
)
"""ECMA-48: strings with their end (as OSC 8 and 52), control sequences, and short escapes."""
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks by their class, and yet nothing that anybody sees."""
_BREAK = re.compile("\r\n|\r|\n")
_CSV_FORMULA = re.compile("[=+\\-@\uff1d\uff0b\uff0d\uff20]")
_CSV_LATER = re.compile("([;\t|] *)(?=[=+\\-@])")
_CSV_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")


def cleaned(text: str, most: int = LONGEST) -> str:
    """One line of printable text, at most so long.

    Escape sequences go with all that is in them; line breaks and odd blanks become spaces, half
    characters �; what has no width or turns the writing round is left out.

    >>> cleaned("Ohio\\x1b]52;c;ZXZpbA==\\x07, US\\n"), cleaned("abc" * 9, 8)
    ('Ohio, US', 'abcabca…')
    """
    if len(text) <= most and text.isascii() and text.isprintable():
        return text.strip(" ")
    line = _plain(text[: _READ_AT_MOST * most]).strip(" ")
    return line if len(line) <= most else line[: most - 1] + "…"


def cleaned_lines(text: str) -> str:
    """The same for text of many lines, whose line breaks and tabs stay. Its length is its own.

    >>> cleaned_lines("one\\r\\n\\x1b[31mtwo\\x1b[0m")
    'one\\ntwo'
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "\n".join(
        "\t".join(_plain(part) for part in line.split("\t")) for line in _BREAK.split(text)
    )


def is_clean(text: str) -> bool:
    """Whether it is one line of text that shows all that is in it.

    >>> is_clean("RTX 4090"), is_clean("RTX\\u200b4090")
    (True, False)
    """
    return cleaned(text, len(text) + 1) == text.strip(" ")


def defused(text: str) -> str:
    """A text for a cell of a table that a spreadsheet may open: never a formula, and numbers stay numbers.

    >>> defused("=HYPERLINK(1)"), defused("-5.2"), defused("RTX 4090")
    ("'=HYPERLINK(1)", '-5.2', 'RTX 4090')
    """
    inner = _CSV_LATER.sub(r"\1'", text)
    begin = inner.lstrip()[:1]
    if inner[:1] in ("\t", "\r", "\n") or _CSV_FORMULA.match(begin):
        return text if _CSV_NUMBER.fullmatch(text) else f"'{inner}"
    return inner


def _plain(text: str) -> str:
    text = _BLANK.sub("", _SEQUENCE.sub("", text))
    if text.isascii() and text.isprintable():
        return text
    kept, marks = [], 0
    for sign in text:
        if not sign.isprintable():
            kind = unicodedata.category(sign)
            if sign.isspace():
                kept.append(" ")
            elif kind == "Cs":
                kept.append("\ufffd")
            continue
        marks = marks + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)
