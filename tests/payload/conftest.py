"""A real registry on loopback, a client without proxies, and a home without logins."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.payload.layouts import Registry, around

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from hunter.payload.ask import Surroundings

CONFIG = """
version: 0.1
log: {{level: info}}
storage:
  filesystem: {{rootdirectory: {storage}}}
http: {{addr: "127.0.0.1:0"}}
{auth}
"""
MISSING = "docker-registry and skopeo are not installed (apt-get install docker-registry skopeo)"


def start(folder: Path, auth: str = "") -> tuple[subprocess.Popen[str], Registry]:
    """Debian's registry on a free port of loopback; ready when it returns."""
    program, storage = shutil.which("docker-registry"), folder / "storage"
    if program is None or shutil.which("skopeo") is None:
        pytest.skip(MISSING)
    config = folder / "config.yml"
    config.write_text(CONFIG.format(storage=storage, auth=auth))
    process = subprocess.Popen(
        [program, "serve", str(config)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"listening on (127\.0\.0\.1:\d+)", line):
            # a pipe that nobody reads fills up, and the registry would wait for ever
            threading.Thread(target=drain, args=[process], daemon=True).start()
            return process, Registry(host=found[1], storage=storage)
    raise AssertionError("docker-registry ended before it listened")


def drain(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    with process.stderr:
        process.stderr.read()


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    process, running = start(tmp_path_factory.mktemp("registry"))
    yield running
    stop(process)


@pytest.fixture(scope="session")
def private_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """One that lets in only `anna` with the password `s3cret:pass`."""
    bcrypt = pytest.importorskip("bcrypt", reason="bcrypt is not installed")
    folder = tmp_path_factory.mktemp("private")
    hashed = bcrypt.hashpw(b"s3cret:pass", bcrypt.gensalt(4)).decode()
    (folder / "htpasswd").write_text(f"anna:{hashed}\n")
    auth = f"auth: {{htpasswd: {{realm: here, path: {folder / 'htpasswd'}}}}}"
    process, running = start(folder, auth)
    yield running
    stop(process)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10.0, trust_env=False) as client:
        yield client


@pytest.fixture
def here(http: httpx.AsyncClient, tmp_path: Path) -> Surroundings:
    """Surroundings with an empty home and an empty environment."""
    return around(http, tmp_path)
