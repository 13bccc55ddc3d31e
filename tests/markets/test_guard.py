"""The dead-man switch goes along where it can, and the user's command runs as it would without."""

from __future__ import annotations

import http.server
import json
import shutil
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from hunter.facts.shipped import shipped
from hunter.markets.guard import guard_text, with_guard
from hunter.markets.protocol import Guard, Order
from hunter.markets.runpod.order import graphql_input, guarded_words, rest_input
from hunter.markets.vast.creating import carrier, create_body
from hunter.values.errors import UsageError
from tests.builders import offer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT = shipped().guard
VAST = carrier("https://console.vast.ai/")
TEN_MINUTES = Guard(ttl_s=600)


def order(command: str | None = None, guard: Guard | None = TEN_MINUTES, **changes: Any) -> Order:
    fields: dict[str, Any] = {"label": "x", "image": "a:1", "disk_gb": 10.0, "env": {}}
    return Order(
        offer=offer("RTX 4090 $0.3/h #1"), command=command, guard=guard, **(fields | changes)
    )


def test_what_is_sent_says_the_market_its_address_and_the_time_and_no_secret() -> None:
    lines = guard_text(SCRIPT, VAST, 7200.4).splitlines()
    assert lines[:3] == ["MARKET=vast", "URL=https://console.vast.ai", "TTL=7200"]
    assert not any(line.startswith("#") for line in lines)
    assert guard_text(SCRIPT, VAST, 1).splitlines()[2] == "TTL=60"


@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
@pytest.mark.parametrize("padding", ["", "#" + "x" * 1000])
def test_the_users_command_runs_whatever_becomes_of_the_switch(
    shell: str, padding: str, tmp_path: Path
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"this machine has no {shell}")
    text = with_guard(order(f"echo 'mine: '\"$((6*7))\"; exit 3\n{padding}"), SCRIPT, VAST)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HUNTER_GUARD_LOG": str(tmp_path / "log"),
        "HUNTER_GUARD_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [shell], input=text, capture_output=True, text=True, env=environment, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("mine: 42\n", "", 3)


def test_without_a_command_the_switch_goes_alone_and_without_a_switch_nothing_changes() -> None:
    text = with_guard(order(), SCRIPT, VAST)
    assert text is not None
    assert create_body(order(), text)["onstart"] == text
    assert with_guard(order("mine", guard=None), SCRIPT, VAST) is None
    assert create_body(order("mine", guard=None))["onstart"] == "mine"


def test_it_is_packed_where_it_is_too_long_to_be_read_and_left_out_where_that_is_too_long() -> None:
    plain, packed = (with_guard(order("x" * n), SCRIPT, VAST) for n in (200, 1500))
    assert plain is not None
    assert packed is not None
    assert "hunter-guard" in plain
    assert "hunter-guard" not in packed
    assert max(len(plain), len(packed)) <= 4096
    assert with_guard(order("x" * 2500), SCRIPT, VAST) is None


@pytest.mark.parametrize("name", ["CONTAINER_API_KEY", "CONTAINER_ID"])
def test_a_workload_that_brings_another_key_gets_no_switch(name: str) -> None:
    assert with_guard(order(env={name: "account"}), SCRIPT, VAST) is None


@pytest.mark.parametrize("name", ["RUNPOD_API_KEY", "RUNPOD_POD_ID"])
def test_a_pod_that_brings_another_key_gets_no_switch(name: str) -> None:
    assert guarded_words(order("mine", env={name: "account"}), SCRIPT, "https://a.b") is None


@pytest.mark.parametrize(
    ("command", "env"),
    [("x" * 5000, {}), ("mine", {"CONTAINER_API_KEY": "x"})],
)
def test_one_that_is_required_and_cannot_go_along_is_refused_before_anything_is_sent(
    command: str, env: dict[str, str]
) -> None:
    must = order(command, Guard(ttl_s=600, required=True), env=env)
    with pytest.raises(UsageError, match="requires"):
        with_guard(must, SCRIPT, VAST)


# ── RunPod ───────────────────────────────────────────────────────────────────────────────────


def test_a_pods_command_becomes_the_shells_after_the_switch() -> None:
    words = guarded_words(order("python serve.py"), SCRIPT, "https://api.runpod.io")
    assert words is not None
    assert words[:2] == ["sh", "-c"]
    assert words[2].endswith("\npython serve.py")
    assert json.loads(graphql_input(order("python serve.py"), words)["dockerArgs"]) == {
        "cmd": words
    }
    assert rest_input(order("python serve.py"), words)["cmd"] == words


@pytest.mark.parametrize("command", [None, "", " ", "--model x"])
def test_a_pod_whose_command_is_the_images_own_runs_it_untouched(command: str | None) -> None:
    assert guarded_words(order(command), SCRIPT, "https://api.runpod.io") is None
    assert graphql_input(order(command))["dockerArgs"] == (command or "")
    with pytest.raises(UsageError, match="the workload has"):
        guarded_words(
            order(command, Guard(ttl_s=60, required=True)), SCRIPT, "https://api.runpod.io"
        )


def test_without_a_switch_a_pods_command_is_sent_as_before() -> None:
    assert guarded_words(order("a b", guard=None), SCRIPT, "https://api.runpod.io") is None
    assert rest_input(order("a b", guard=None))["args"] == "a b"


# ── the script by itself ─────────────────────────────────────────────────────────────────────

CLIENTS = ("curl", "wget", "python3")
KEY = "s3cret" * 8
TELLS = """#!/bin/sh
case $* in *--version*) echo GNU Wget; exit;; esac
printf '%s\\n' "$@" >>"$SAID"
"""
"""A client that writes down its words and answers nothing."""


def run_guard(tools: Path, url: str, **environment: str) -> str:
    """Run the script with these programs until it has said something; what that was."""
    folder = tools.parent
    for name in ("sh", "mkdir", "mv", "rm", "tr", "sed", "date", "sleep", "cat"):
        (tools / name).symlink_to(str(shutil.which(name)))
    log = folder / "log"
    known = {"PATH": str(tools), "HUNTER_GUARD_DIR": str(folder / "disk"), "HUNTER_GUARD_LOG": str(log),
             "CONTAINER_ID": "7", "CONTAINER_API_KEY": KEY}  # fmt: skip
    text = guard_text(SCRIPT, carrier(url), 600)
    with subprocess.Popen(["sh"], stdin=subprocess.PIPE, env=known | environment) as process:
        assert process.stdin is not None
        process.stdin.write(text.encode())
        process.stdin.close()
        while not log.exists() and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    return log.read_text().strip()


@pytest.mark.parametrize("client", CLIENTS)
def test_the_key_is_no_word_of_any_command_and_stays_in_no_file(
    client: str, tmp_path: Path
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / client).write_text(TELLS)
    (tools / client).chmod(0o755)
    said = run_guard(tools, "https://example.invalid", SAID=str(tmp_path / "said"))
    assert said == "HUNTER_GUARD refused no-answer"
    words = (tmp_path / "said").read_text()
    assert "https://example.invalid/api/v0/instances/7/" in words
    assert KEY not in words
    kept = [path.name for path in (tmp_path / "disk").iterdir()]
    assert kept == ["deadline-7"]
    assert (tmp_path / "disk" / "deadline-7").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("client", CLIENTS)
def test_where_certificates_cannot_be_checked_nothing_is_sent_and_that_is_said(
    client: str, tmp_path: Path
) -> None:
    found = sys.executable if client == "python3" else shutil.which(client)
    openssl = shutil.which("openssl")
    if found is None or openssl is None:
        pytest.skip(f"this machine has no {client}, or no openssl")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / client).symlink_to(found)
    with strange_server(openssl, tmp_path) as (url, asked):
        assert run_guard(tools, url) == "HUNTER_GUARD refused no-ca"
        assert asked == []


@contextmanager
def strange_server(openssl: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A server whose certificate nobody vouches for, and what it was asked."""
    asked = list[str]()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)

    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "k.pem", "-out", folder / "c.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *words: None  # type: ignore[method-assign]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "c.pem", folder / "k.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
