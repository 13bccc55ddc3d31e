"""A store's XML in whichever encoding: no declarations get through, and honest pages do."""

from __future__ import annotations

import pytest

from hunter.payload.xml_pages import plain_xml

PAGE = "<L><Key>m/é</Key></L>"
HEAD = '<?xml version="1.0" encoding="{}"?>\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("head", ["", HEAD])
def test_a_page_is_read_in_whatever_unicode_it_comes(encoding: str, head: str) -> None:
    text = head.format(encoding.partition("-sig")[0]) + PAGE
    assert plain_xml(text.encode(encoding)).decode().strip() == PAGE


def test_a_page_in_latin_1_is_read_if_it_says_so() -> None:
    body = (HEAD.format("ISO-8859-1") + PAGE).encode("latin-1")
    assert plain_xml(body).decode().strip() == PAGE


def test_comments_and_character_data_are_no_declarations() -> None:
    page = "<L><!-- by hand --><Key><![CDATA[m/1]]></Key></L>"
    assert plain_xml(page.encode()).decode() == page


DECLARED = '<!DOCTYPE x [<!ENTITY a "aaaa">]><L>&a;</L>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("head", ["", HEAD])
def test_declarations_are_refused_in_every_encoding(encoding: str, head: str) -> None:
    with pytest.raises(ValueError, match="declarations"):
        plain_xml((head.format("utf-16") * ("16" in encoding) + DECLARED).encode(encoding))


@pytest.mark.parametrize(
    "body",
    [
        (HEAD.format("utf-7") + "+ADwAIQ-DOCTYPE x+AD4-").encode(),
        (HEAD.format("utf-16") + DECLARED).encode(),  # says so, and is none
        DECLARED.encode("utf-32"),
        PAGE.encode("latin-1"),
        b"\xff\xfe<\0a\0>",
        b"<a>\0</a>",
        b"<a>" * 2_500_000,
    ],
    ids=range(7),
)
def test_what_cannot_be_a_page_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"it has|its encoding|codec can't decode"):
        plain_xml(body)
