"""`make bench`: every figure of a run against one embedded market of 20,000 offers, limits off."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import msgspec

from bench import curve, fresh
from hunter.api.hunter import Hunter
from hunter.facts.config import Home
from hunter.sandbox.server import Options

if TYPE_CHECKING:
    from collections.abc import Callable

OFFERS = 20_000
LIMIT = "20"
BIN = Path(sys.executable).parent


def best(what: Callable[[], object], times: int = 5) -> float:
    """Median seconds of several runs."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        what()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def command(words: list[str], env: dict[str, str]) -> Callable[[], object]:
    """A whole command, from its start to its end."""

    def call() -> object:
        return subprocess.run(words, env=env, capture_output=True, check=True)

    return call


class BareAsk(msgspec.Struct):
    """The least that a poller must decode."""

    id: int
    dph_base: float
    dph_total: float
    storage_cost: float
    inet_down_cost: float
    machine_id: int


class BareReply(msgspec.Struct):
    """A page of them."""

    offers: list[BareAsk]


def bare_loop(url: str, folder: Path) -> int:
    """Poll and record with nothing but httpx, msgspec and executemany: no history, no checks."""
    db = sqlite3.connect(folder / "bare.db")
    db.execute("pragma journal_mode = wal")
    db.execute("drop table if exists ask")
    db.execute(
        "create table ask (id integer primary key, a real, b real, c real, d real, m integer)"
    )
    seen: dict[int, BareAsk] = {}
    floor = -1.0
    with httpx.Client(base_url=url, timeout=60) as client:
        while True:
            query = {"dph_total": {"gte": floor}, "order": [["dph_total", "asc"]], "limit": 3000,
                     "allocated_storage": 10.0, "rentable": {"eq": True}}  # fmt: skip
            body = client.post("/api/v0/bundles/", json=query).content
            page = msgspec.json.decode(body, type=BareReply).offers
            new = [ask for ask in page if ask.id not in seen]
            if not new:
                break
            seen |= {ask.id: ask for ask in new}
            floor = page[-1].dph_total
    rows = [
        (a.id, a.dph_base, a.dph_total, a.storage_cost, a.inet_down_cost, a.machine_id)
        for a in seen.values()
    ]
    with db:
        db.executemany("insert into ask values (?, ?, ?, ?, ?, ?)", rows)
    db.close()
    return len(rows)


def gpuhunt_vast(url: str) -> int:
    """gpuhunt's Vast provider on the same market, its address replaced, as it has no setting for it."""
    code = f"""
import time, requests
from gpuhunt.providers import vastai
for name in dir(vastai):
    value = getattr(vastai, name)
    if isinstance(value, str) and value.startswith("https://"):
        setattr(vastai, name, value.replace("https://console.vast.ai", {url!r}))
real = requests.Session.request
def request(self, method, url, **options):
    return real(self, method, url.replace("https://console.vast.ai", {url!r}), **options)
requests.Session.request = request
print(len(vastai.VastAIProvider().get()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return int(done.stdout.split()[-1])


async def hunter_poll(home: Home) -> tuple[float, float, int]:
    """Poll and record the whole of Vast twice: on an empty database, and on a full one."""
    taken = []
    offers = 0
    async with Hunter(home) as hunter:
        for _ in range(2):
            begun = time.perf_counter()
            [polled] = await hunter.scrape(["vast"])
            taken.append(time.perf_counter() - begun)
            if polled.error:
                raise polled.error
            offers = polled.offers
    return taken[0], taken[1], offers


def ranking(home: Home) -> list[tuple[str, float]]:
    """Compute alone: from the database to ranked deals."""
    from hunter.facts import workload_file

    async def measure() -> list[tuple[str, float]]:
        async with Hunter(home) as hunter:
            found = []
            for name in ("one-hour", "comfyui-flux"):
                job = workload_file.load(name)
                hunter.deals(job)
                found.append((name, best(lambda job=job: hunter.deals(job), 9)))  # type: ignore[misc]
            return found

    return asyncio.run(measure())


def pulls() -> list[tuple[str, str, str]]:
    """The cold start of 10,000 hosts × 40 layers, beside the same schedule in a plain loop."""
    import numpy as np

    from hunter.estimate.pull import Hosts, Layers, totals
    from hunter.values.coldstart_facts import Puller

    chance = np.random.default_rng(1)
    packed = chance.lognormal(17, 1, 40)
    layers = Layers(
        compressed_bytes=packed, unpacked_bytes=packed * 2.6, ease=np.ones(40), files=np.zeros(40)
    )

    def hosts(n: int) -> Hosts:
        return Hosts(
            down_mb_s=chance.uniform(5, 500, n), connection_mb_s=np.full(n, 60.0),
            unpack_mb_s=chance.uniform(60, 250, n), write_mb_s=chance.uniform(200, 900, n),
            layer_s=0.1, file_s=0.0,
        )  # fmt: skip

    engine, many, one = Puller(slots=3), hosts(10_000), hosts(1)
    together = best(lambda: totals(layers, many, engine), 9)
    alone = best(lambda: totals(layers, one, engine), 9)
    return [
        (
            "pull of 40 layers on 10,000 hosts, compute alone",
            f"{together * 1000:.1f} ms",
            f"{alone * 10_000 / together:.0f}x faster than host by host (target ≤ 50 ms)",
        )
    ]


def served(options: Options) -> tuple[subprocess.Popen[bytes], str]:
    """The sandbox in a process of its own, so that nobody measures its work as their own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hunter.sandbox", "--child", "--offers", str(options.offers),
         "--speed", str(options.speed)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["url"]


def main() -> None:
    # pip has compiled the peers; so that all start alike, compile ourselves too
    subprocess.run([sys.executable, "-m", "compileall", "-q", "hunter"], check=True)
    process, url = served(Options(offers=OFFERS, speed=1e-6))
    try:
        with tempfile.TemporaryDirectory() as name:
            report(url, Path(name))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


def report(url: str, folder: Path) -> None:
    env = {**os.environ, "VAST_URL": url, "RUNPOD_API_BASE_URL": url, "HUNTER_HOME": str(folder),
           "HOME": str(folder), "VAST_API_KEY": "bench", "CI": "1"}  # fmt: skip
    os.environ.update(env)
    home = Home(config_folder=folder, data_folder=folder / "sandbox", simulated=True)
    lines: list[tuple[str, str, str]] = []

    bare = best(lambda: bare_loop(url, folder), 3)
    cold, warm, rows = asyncio.run(hunter_poll(home))
    lines.append(
        ("poll + record, bare loop of httpx + msgspec + executemany", f"{bare:.2f} s", "1")
    )
    lines.append((f"poll + record, hunter scrape, {rows:,} offer rows, new database", f"{cold:.2f} s",
                  f"{cold / bare:.2f}x the bare loop (target ≤ 3)"))  # fmt: skip
    lines.append(
        ("poll + record, the same again, nothing changed", f"{warm:.2f} s", f"{warm / bare:.2f}x")
    )

    ask = [str(BIN / "hunter"), "deals", "--json", "--limit", LIMIT, "--quiet"]
    deals = best(command(ask, env), 7)
    search = ["search", "offers", "num_gpus=1", "--raw", "--limit", LIMIT, "-o", "dph+"]
    vast = best(command([str(BIN / "vastai"), *search], env), 5)
    lines.append((f"hunter deals --json --limit {LIMIT}, whole command", f"{deals:.3f} s", "1"))
    lines.append((f"vastai search offers --raw --limit {LIMIT}, whole command", f"{vast:.3f} s",
                  f"hunter is {vast / deals:.1f}x faster (target ≥ 5)"))  # fmt: skip
    try:
        found = gpuhunt_vast(url)
        hunted = best(lambda: gpuhunt_vast(url), 3)
        text = f"hunter is {hunted / deals:.1f}x faster; gpuhunt got {found:,} items of the row-capped reply"
        lines.append(("gpuhunt's Vast provider, whole process", f"{hunted:.3f} s", text))
    except RuntimeError as error:
        lines.append(("gpuhunt's Vast provider", "failed", str(error)))
    for name, seconds in ranking(home):
        lines.append(
            (f"database to ranked deals, {name}, compute alone", f"{seconds * 1000:.1f} ms", "")
        )
    lines += fresh.lines(home, folder / "fresh", env)
    lines += curve.lines()
    lines += pulls()
    bare_start = best(command([str(BIN / "python"), "-c", "pass"], env), 5)
    show_help = best(command([str(BIN / "hunter"), "--help"], env), 5)
    lines.append(
        ("hunter --help", f"{show_help:.3f} s", f"{show_help / bare_start:.1f}x a bare python")
    )

    width = max(len(line[0]) for line in lines)
    for what, figure, ratio in lines:
        print(f"{what:<{width}}  {figure:>9}  {ratio}")


if __name__ == "__main__":
    main()
