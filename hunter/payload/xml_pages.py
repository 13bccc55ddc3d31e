"""A store's XML as its parser may have it: UTF-8, without declarations, with no more tags than a page needs.

Expat itself follows byte order marks and expands entities whatever encoding it is told, so that a document
in UTF-16 has to become UTF-8 before anybody looks for declarations in it.
"""

from __future__ import annotations

import codecs
import re

MOST_TAGS = 100_000
"""A page names at most 1,000 objects with some twenty tags each (S3 API, ListObjectsV2)."""
_DECLARED = re.compile(
    rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"'][^>]{0,200}\?>"
)
_HEAD = re.compile(r"\s*<\?xml[^>]{0,500}\?>")
_DECLARATION = re.compile("<!(?!--|\\[CDATA\\[)")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_ENCODINGS = ("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252")


def plain_xml(body: bytes) -> bytes:
    """The document in UTF-8; ValueError where it cannot be taken for a page.

    >>> plain_xml("\\ufeff<a>é</a>".encode("utf-16-le")).decode()
    '<a>é</a>'
    """
    text = _decoded(body)
    if _DECLARATION.search(text):
        raise ValueError("it has declarations")
    if text.count("<") > MOST_TAGS:
        raise ValueError("it has too many tags")
    if "\0" in text:
        raise ValueError("it has characters that XML does not know")
    return text.encode("utf-8")


def _decoded(body: bytes) -> str:
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return _HEAD.sub("", body.decode(encoding), count=1)
    found = _DECLARED.match(body.lstrip())
    named = found[1].decode("ascii").lower() if found else "utf-8"
    if named not in _ENCODINGS:
        raise ValueError("its encoding is none of the usual")
    return _HEAD.sub("", body.decode(named), count=1)
