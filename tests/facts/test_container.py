"""What a workload asks of its container is checked where it is read, with its place."""

from __future__ import annotations

import pytest

from hunter.facts.workload_file import parse
from hunter.values.errors import WorkloadError

KEY = "a-key-of-the-account"


def read(line: str) -> None:
    parse(f'name = "a"\nimage = "b"\n{line}\n', "job.toml")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('ports = ["8188", "abc"]', "job.toml, ports: 'abc' is no port"),
        ('ports = ["0"]', "job.toml, ports: '0' is no port"),
        (
            'ports = ["80", "80/http"]',
            "job.toml, ports: 80/http and 80/tcp name the same port twice",
        ),
        ('env."A B" = "1"', "job.toml, env.'A B': a name has letters"),
        ('env."A\\u001b" = "1"', "job.toml, env.A: the key holds a sign that is not shown"),
        ('env.A = "a\\u0000b"', "job.toml, env.A: it holds a NUL"),
        ('env.RUNPOD_POD_ID = "1"', "job.toml, env.RUNPOD_POD_ID: RunPod keeps"),
        ('env.VAST_TCP_PORT_22 = "1"', "job.toml, env.VAST_TCP_PORT_22: Vast.ai keeps"),
        ('env.CONTAINER_API_KEY = "1"', "job.toml, env.CONTAINER_API_KEY: Vast.ai keeps"),
        ('env.VAST_API_KEY = "1"', "job.toml, env.VAST_API_KEY: Vast.ai keeps"),
        (f'env.MINE = "{KEY}"', "job.toml, env.MINE: it holds the key of a market's account"),
        (
            "".join(f'env.A{i} = "{"x" * 30000}"\n' for i in range(5)),
            "job.toml, env: all variables",
        ),
    ],
)
def test_what_no_market_can_have_is_refused_with_its_place(
    monkeypatch: pytest.MonkeyPatch, line: str, says: str
) -> None:
    monkeypatch.setenv("RUNPOD_API_KEY", f"{KEY}\n")
    with pytest.raises(WorkloadError, match=says) as caught:
        read(line)
    assert KEY not in str(caught.value)


def test_what_some_market_can_have_is_read() -> None:
    read('ports = ["8188/http", "9000/udp", "8000-8010"]\nenv.HF_HOME = "/weights"')
