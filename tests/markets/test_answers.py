"""What a market's answer says: a sentence, never more than a line, never a key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hunter.markets.answers import LONGEST, message_in, message_of, without_secrets

KEY = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"success": false, "error": "code", "msg": "no credit"}', "no credit."),
        (b'{"title": "Bad Request", "status": 400, "detail": "no place"}', "no place."),
        (b'{"errors": [{"message": "boom"}], "data": null}', "boom."),
        (b'{"success": false, "msg": "it is cut o', "an answer without a sentence."),
        (b'{"msg": "whole", "instance_api_key": "9f86', "whole."),
        (b"API requests too frequent", "API requests too frequent."),
        (b"<!doctype html><title>x</title>", "a web page."),
        (b"\x1b]52;c;eA==\x07no\x00 \xe2\x80\xae\xc2\x9b2Jroom", "no room."),
        (b"", "nothing."),
        (b"[1, 2]", "an answer without a sentence."),
        (b'{"msg": null, "detail": 5, "error": {}}', "an answer without a sentence."),
    ],
)
def test_the_sentence_in_a_refusal_whatever_its_shape(body: bytes, says: str) -> None:
    assert message_of(body) == says


@pytest.mark.parametrize("size", [*range(8, 150, 7)])
def test_a_create_cut_anywhere_gives_away_no_part_of_its_key(size: int) -> None:
    body = json.dumps({"success": True, "new_contract": 77, "instance_api_key": KEY}).encode()
    assert KEY[:4] not in message_of(body[:size])


@pytest.mark.parametrize(
    "text",
    [
        f"key {KEY} is wrong", f'"instance_api_key": "{KEY[:6]}', f"api_key={KEY[:10]}&x", f"Bearer token: {KEY[:9]}",
        f"Authorization: Bearer {KEY[:20]}", f"rpa_{KEY[:40].upper()} has no rights", f"password='{KEY[:8]}'",
    ],
)  # fmt: skip
def test_what_looks_like_a_key_is_not_repeated(text: str) -> None:
    said = without_secrets(text)
    assert KEY[:6] not in said.lower()
    assert "***" in said


@pytest.mark.parametrize(
    "text",
    ["error 404/3603: no_such_ask Instance type by id 18209627 is not available.",
     "Set VAST_API_KEY.", "There are no longer any instances available with the requested specifications.",
     "image ghcr.io/some-organisation/some-long-image-name-2.5.1-cuda12.4:latest not found"],
)  # fmt: skip
def test_plain_sentences_stay_as_they_are(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    "errors", [[], {}, [None], [1], [{}], [{"message": None}], [{"message": []}], 5, True, [""]]
)
def test_errors_of_any_shape_are_a_sentence(errors: Any) -> None:
    assert message_in(errors) == "an error without a message"


@pytest.mark.parametrize(
    "errors", [["boom"], "boom", {"message": "boom"}, [{"message": "boom"}, 1]]
)
def test_the_first_error_is_told(errors: Any) -> None:
    assert message_in(errors) == "boom"


def test_a_sentence_is_a_line_and_has_an_end() -> None:
    said = message_of(json.dumps({"msg": "a\nb " * 10_000}).encode())
    assert len(said) <= LONGEST + 1
    assert "\n" not in said


@pytest.mark.parametrize(
    "body",
    [
        b"failed: {'success': True, 'instance_api_key': 'ab\"c0ffee00'}",
        b"\"[1, {'token': 'c0ffee00'}]\"",
    ],
)
def test_data_inside_a_plain_answer_is_not_repeated(body: bytes) -> None:
    assert "c0ffee" not in message_of(body)


def test_a_long_word_is_looked_through_once() -> None:
    """Looked through from each of its letters, this one takes minutes."""
    assert without_secrets("x" * 400_000 + " token=abc").startswith("xxx")
