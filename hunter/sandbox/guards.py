"""Machines that really run the dead-man switch they were rented with.

Of all that a renter sends only this one script is ever executed, and only if it is word for word the one that
ships with Hunter; the renter's own command never is. It runs with `sh`, with the market's time for its own,
with the rental's own key, in a folder of its own.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import zlib
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hunter.sandbox.facts import DATA
from hunter.sandbox.runpod.pods import pod_id

if TYPE_CHECKING:
    from hunter.sandbox.market import SandboxMarket
    from hunter.sandbox.rental import Rental

LOOK_EVERY_S = 0.1
"""Between two looks at which containers run."""
LONGEST = 100_000
"""Characters that are looked at, packed or not."""
GZIP = 31
"""To zlib: a stream with gzip's header."""
_PLAIN = re.compile(r"<<'(\w+)' >/dev/null 2>&1 &\n(.*?\n)\1\n", re.DOTALL)
_PACKED = re.compile(r"\(echo ([A-Za-z0-9+/=]+) \| base64 -d \| gzip -dc \|")
_HEAD = re.compile(r"MARKET=(vast|runpod)\nURL=(http://127\.0\.0\.1:\d+)\nTTL=(\d{1,9})\n")
DATE = """#!/bin/sh
w=$({date} +%s%3N)
echo $((({market_ms}+(w-{wall_ms})*{per_mille}/1000)/1000))
"""
"""What a machine's `date +%s` says: the market's time."""
SLEEP = """#!/bin/sh
m=$(($1*1000000/{per_mille}))
[ $m -ge 20 ] || m=20
exec {sleep} $((m/1000)).$(printf %03d $((m%1000)))
"""
"""A machine's `sleep`, in the market's seconds."""


def sent_guard(rental: Rental, url: str) -> str | None:
    """The switch in what a rental starts with; None where there is none, or not the one that ships."""
    text = _start_text(rental)[:LONGEST]
    found = _PLAIN.search(text)
    script = found[2] if found else ""
    if packed := _PACKED.search(text):
        try:
            whole = zlib.decompressobj(GZIP)
            script = whole.decompress(base64.b64decode(packed[1]), LONGEST).decode()
        except (zlib.error, ValueError):
            return None
    head = _HEAD.match(script)
    if head is None or head[1] != rental.market or head[2] != url:
        return None
    return script if _digest(script[head.end() :]) == _digest(_shipped()) else None


def _start_text(rental: Rental) -> str:
    """The shell's words among what a container starts with."""
    if rental.market == "vast":
        return rental.onstart or ""
    words: Any = rental.args
    if not words:
        try:
            words = msgspec.json.decode(rental.onstart or "null")
        except msgspec.DecodeError:
            return ""
        words = words.get("cmd") if isinstance(words, dict) else None
    match words:
        case ["sh", "-c", str(text)]:
            return text
    return ""


def _shipped() -> str:
    """Ours as it is sent, without what it has to be told."""
    lines = (DATA / "guard.sh").read_text(encoding="utf-8").splitlines()
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


class Guards:
    """Starts the switch of each container that starts, and kills it with its container."""

    def __init__(self, market: SandboxMarket, url: str, *, tools: str | None = None) -> None:
        """`tools` is where its programs are looked for; where ours are, if None."""
        self.market = market
        self.url = url
        self.tools = tools or os.pathsep.join(os.get_exec_path())
        state = market.settings.state
        self._own = None if state else tempfile.TemporaryDirectory(prefix="hunter-guards-")
        self.folder = Path(self._own.name) if self._own else Path(f"{state}.guards").absolute()
        self._running: dict[tuple[int, int], subprocess.Popen[bytes]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        market.guard_lines = self.lines

    def begin(self) -> None:
        """Look after all containers from now on."""
        self._thread.start()

    def end(self) -> None:
        """The machines lose their power: nothing runs on."""
        self._over.set()
        if self._thread.ident:
            self._thread.join(10)
        for key in list(self._running):
            self._kill(key)
        if self._own:
            self._own.cleanup()

    def lines(self, rental: Rental) -> list[str]:
        """What a rental's switch has printed."""
        try:
            return (self._folder(rental.number) / "log").read_text().splitlines()
        except OSError:
            return []

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            self.look()

    def look(self) -> None:
        """Start and kill what is due."""
        with self.market.open() as page:
            due = {
                (one.number, one.starts): (script, self._environment(one))
                for one in page.rentals
                if one.destroyed_at is None and one.state == "running"
                if (script := sent_guard(one, self.url)) is not None
            }
        for key in self._running.keys() - due.keys():
            self._kill(key)
        for key in due.keys() - self._running.keys():
            self._start(key, *due[key])

    def _folder(self, number: int) -> Path:
        return self.folder / str(number)

    def _environment(self, rental: Rental) -> dict[str, str]:
        """What a container finds about itself."""
        names = ("CONTAINER_ID", "CONTAINER_API_KEY")
        identity = str(rental.number)
        if rental.market == "runpod":
            names = ("RUNPOD_POD_ID", "RUNPOD_API_KEY")
            identity = pod_id(rental.number)
        return dict(zip(names, (identity, rental.own_key), strict=True))

    def _start(self, key: tuple[int, int], script: str, own: dict[str, str]) -> None:
        folder = self._folder(key[0])
        tools = folder / "bin"
        tools.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._clockwork(tools)
        environment = own | {
            "PATH": f"{tools}:{self.tools}",
            "HUNTER_GUARD_DIR": str(folder / "disk"),
            "HUNTER_GUARD_LOG": str(folder / "log"),
        }
        process = subprocess.Popen(  # noqa: S603  our own script, compared by its digest
            [shutil.which("sh") or "/bin/sh"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=environment, cwd=folder, start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(script.encode())
        process.stdin.close()
        self._running[key] = process

    def _clockwork(self, tools: Path) -> None:
        """The machine's own clock goes as the market's does."""
        page = self.market.book.page
        told = {
            "date": shutil.which("date"), "sleep": shutil.which("sleep"),
            "market_ms": round(page.market_s * 1000), "wall_ms": round(page.wall_s * 1000),
            "per_mille": max(1, round(page.speed * 1000)),
        }  # fmt: skip
        for name, text in (("date", DATE), ("sleep", SLEEP)):
            (tools / name).write_text(text.format(**told))
            (tools / name).chmod(0o700)

    def _kill(self, key: tuple[int, int]) -> None:
        process = self._running.pop(key)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
