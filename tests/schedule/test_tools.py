"""Programs that are called: their answer, their complaint, or that they are not there."""

from __future__ import annotations

import pytest

from hunter.schedule.tools import call, must
from hunter.values.errors import HunterError


def test_an_answer_is_given_in_english_and_as_it_is() -> None:
    done = call(["sh", "-c", 'cat; echo "$LC_ALL" >&2; exit 3'], given=b"\xff\n")
    assert done is not None
    assert (done.code, done.out, done.said) == (3, b"\xff\n", "C")


def test_what_is_not_there_or_does_not_end_is_none() -> None:
    assert call(["no-such-program-here"]) is None
    assert call(["/no/such/program"], environ={}) is None
    assert call(["sleep", "60"], within_s=0.01) is None


def test_an_environment_that_is_given_is_all_of_it() -> None:
    done = call(["/usr/bin/env"], environ={"HOME": "/nowhere"})
    assert done is not None
    assert done.out == b"HOME=/nowhere\n"


def test_what_has_to_work_says_what_the_program_said() -> None:
    assert must(["sh", "-c", "exit 0"]).said == "nothing"
    with pytest.raises(HunterError, match=r"failed: no way\."):
        must(["sh", "-c", "echo no way >&2; exit 1"])
    with pytest.raises(HunterError, match="cannot be run"):
        must(["no-such-program-here"])
