"""Variables of a container: names that can be, values that can be, and none that is a market's or a key."""

from __future__ import annotations

import pytest

from hunter.values.environment import (
    MOST_BYTES,
    MOST_VALUE_BYTES,
    RefusedVariable,
    check_environment,
)

RESERVED = {"RUNPOD_*": "RunPod", "CONTAINER_ID": "Vast.ai"}
KEY = "0123456789abcdef"


@pytest.mark.parametrize(
    "env",
    [
        {}, {"A": ""}, {"_a1": "x y\n=\"'$"}, {"PATH": "/bin"}, {"CONTAINER_IDS": "1"}, {"MY_RUNPOD_X": "1"},
        {"A": "ü" * (MOST_VALUE_BYTES // 2)}, {"SHORT": "abc"},
    ],
)  # fmt: skip
def test_what_a_container_can_have_passes(env: dict[str, str]) -> None:
    check_environment(env, RESERVED, [KEY, "abc"])


@pytest.mark.parametrize(
    ("env", "key", "says"),
    [
        ({"1A": "x"}, "1A", "begins with no digit"), ({"": "x"}, "", "letters"), ({"A B": "x"}, "A B", "letters"),
        ({"A=B": "x"}, "A=B", "letters"), ({"-p 80:80": "1"}, "-p 80:80", "letters"),
        ({"ÄB": "x"}, "ÄB", "letters"), ({"A\n": "x"}, "A\n", "letters"), ({"A" * 256: "x"}, "A" * 40, "letters"),
        ({"OK": "1", "B": "a\0b"}, "B", "no variable can hold"), ({"B": "\ud800"}, "B", "no variable can hold"),
        ({"B": "x" * (MOST_VALUE_BYTES + 1)}, "B", "longer than 32,768 bytes"),
        ({f"B{i}": "x" * 30_000 for i in range(5)}, "", "longer than 131,072 bytes"),
        ({"RUNPOD_POD_ID": "x"}, "RUNPOD_POD_ID", "RunPod keeps the name RUNPOD_* for itself"),
        ({"runpod_api_key": "x"}, "runpod_api_key", "RunPod keeps"), ({"CONTAINER_ID": "x"}, "CONTAINER_ID", "Vast.ai"),
        ({"MY": f"Bearer {KEY}"}, "MY", "key of a market's account"),
    ],
)  # fmt: skip
def test_what_no_container_can_have_is_refused_by_name_and_never_with_its_value(
    env: dict[str, str], key: str, says: str
) -> None:
    with pytest.raises(RefusedVariable) as caught:
        check_environment(env, RESERVED, [KEY])
    assert says in str(caught.value)
    assert caught.value.key == key
    assert KEY not in str(caught.value)
    assert MOST_BYTES == 131_072
