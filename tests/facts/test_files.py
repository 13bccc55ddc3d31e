"""Files that users name: plain, of bounded size, and text in whatever an editor writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hunter.facts.files import MOST_BYTES, is_there, read_text, why


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_encoding_that_a_file_declares_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a"
    file.write_text("name = 'Zoë'", encoding=encoding)
    assert read_text(file) == "name = 'Zoë'"


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    places = {"pipe": "it is no plain file", "none": "no such file or directory", ".": "folder"}
    for name, says in places.items():
        try:
            said = read_text(tmp_path / name)
        except (OSError, ValueError) as error:
            said = why(error)
        assert says in said or "directory" in said


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"x" * (MOST_BYTES + 1), "longer than"),
        (b"\xff\x00\x00", "no text in UTF-8"),
        (b"\xff\xfex", "no text in UTF-8"),
    ],
)
def test_a_body_that_is_no_text_is_said_in_a_few_words(
    tmp_path: Path, body: bytes, says: str
) -> None:
    file = tmp_path / "a"
    file.write_bytes(body)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  two kinds, told apart below
        read_text(file)
    assert says in why(caught.value)


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/tty", "a" * 5000, "b\0c"])
def test_odd_names_fail_at_once(name: str) -> None:
    with pytest.raises((OSError, ValueError)):
        read_text(Path(name))
    assert is_there(Path(name)) == (name[0] == "/")
