"""What users write, and what lies in the database: files of settings, of work and of demand; rows and blobs."""

from __future__ import annotations

import json
import tempfile
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bench.fuzz.parser import BLOB, CSV, JSON, ROWS, SECRET, TOML, Parser, scratch
from hunter.facts import workload_file
from hunter.facts.config import read_config, stale_after_s
from hunter.facts.demand_file import hourly
from hunter.facts.strict import read_toml
from hunter.leases import owner
from hunter.leases.ledger import Ledger
from hunter.leases.meter import Meter
from hunter.leases.status import Rented, lease_status, rented
from hunter.store import Store, latest
from hunter.store.settings import BUDGET, CLOCK, read_clock
from hunter.values.columns import Offers
from hunter.values.market_facts import MarketFacts
from tests.builders import NOW, offer, rules, workload
from tests.fakes import SteppedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.fuzz.parser import Read

ROOT = Path(__file__).resolve().parents[2]


def _toml(*names: str) -> tuple[Any, ...]:
    return tuple(
        tomllib.loads((ROOT / "data" / name).read_text(encoding="utf-8")) for name in names
    )


WHOLE = {"name": "job", "image": {"ref": "a:1", "compressed_gb": 4.0}, "weights": ["hf:a/b", {"ref": "s3://x/y", "gb": 2.0}],
         "disk_gb": 40, "gpu": {"count": 1, "vram_gb": 24, "models": ["RTX 4090"], "cuda": 12.4}, "env": {"TOKEN": SECRET},
         "run": {"hours": 1.5, "reference_gpu": "RTX 4090", "speed": {"RTX 3090": 0.5}, "every": "24h", "deadline": "18:00",
                 "checkpoint_every": "10m", "interruptible": True, "egress_gb": 0.2}, "command": "run.sh", "ports": ["8188/tcp"],
         "demand": {"hourly": [1.0] * 24, "request_s": 20, "timeout": "10m", "wait_usd_h": 1.0},
         "limits": {"max_usd_h": 1.0, "max_usd_run": 2.0, "ttl": "3h"}, "start": {"app": "vllm", "boot_s": 3.0}}  # fmt: skip
SETTINGS = {"workload": "one-hour", "markets": ["vast"], "stale_after": "30m", "reading": "dearer",
            "sandbox": {"offers": 200, "seed": 3, "speed": 30.0}, "adopt": {"max_usd_h": 5.0, "max_usd": 5.0, "ttl": "2h"}}  # fmt: skip
HOURS = [["hour", "requests"], *([str(hour), str(hour * 2)] for hour in range(24))]
TIMES = [
    ["time", "path"],
    *([f"2026-11-{day:02}T{day % 24:02}:30:00", "/x"] for day in range(1, 25)),
]
OWNER = {"host": "a", "boot": "b", "space": "pid:[1]", "pid": 12, "started": "345"}
CAPS = {"day_usd": 5.0, "month_usd": 50.0, "running_usd_h": 2.0, "count": 3}
PACE = {"market_s": 1.79e9, "wall_s": 1.79e9, "speed": 30.0}
LEASE = {"lease_id": "00c0ffee", "label": "hunter-a1b2c3-00c0ffee", "market": "vast", "instance_id": "5", "offer": "vast:7",
         "workload": "one-hour", "image": "a:1", "state": "ready", "wish": "running", "version": 2, "phase": "running",
         "last_seen_at": NOW, "gpu": "RTX 4090", "gpu_count": 1, "tenancy": "on-demand", "machine_id": "m", "host_id": "h",
         "disk_gb": 40.0, "intended_at": NOW - 900, "created_at": NOW - 890, "ready_at": NOW - 500, "ttl_at": NOW + 900,
         "max_usd_h": 1.0, "max_usd": 2.0, "quoted_usd_h": 0.4, "contract_usd_h": 0.41, "storage_usd_h": 0.01,
         "inet_down_usd_gb": 0.01, "bytes_in": 4e9, "metered_usd": 0.1, "note": "", "owner": json.dumps(OWNER)}  # fmt: skip
EVENTS = [{"at": NOW - 890 + n, "event": event, "state": "creating", "phase": phase, "detail": detail}
          for n, (event, phase, detail) in enumerate((
              ("intended", "", "as quoted"), ("seen", "pulling", ""), ("seen", "running", ""), ("seen", "gone", ""),
              ("expected", "", '[["allocate", 10.0, 5.0, 20.0]]'), ("ready", "running", "ssh -p 30022 -- root@1.2.3.4")))]  # fmt: skip
KNOWN = msgspec.to_builtins(Rented(offer=offer("RTX 4090 $0.36/h #7"), workload=workload()))
BOARD = latest.encode(Offers.of([offer("RTX 4090 $0.36/h #7"), offer("RTX 3090 $0.2/h bid #8")]))
TEXTS = {"markets": ["vast", None], "codes": [0, 1], "numbers": {"price_usd_h": [0.3, None]}}


# ── files ────────────────────────────────────────────────────────────────────────────────────
def in_a_file(name: str, read: Callable[[Path], object]) -> Callable[[], Any]:
    """A reader of files on files with the input in them."""

    @contextmanager
    def opened() -> Iterator[Read]:
        with tempfile.TemporaryDirectory(dir=scratch()) as folder:
            path = Path(folder) / name

            def done(body: bytes) -> object:
                path.write_bytes(body)
                return read(path)

            yield done

    return opened


def _job(path: Path) -> object:
    found = workload_file.load(str(path))
    assert SECRET not in repr(found.name)
    return found


def _settings(path: Path) -> object:
    return stale_after_s(read_config(path))


def _facts(path: Path) -> object:
    return read_toml(path, MarketFacts, given={"name": "third", "reading": "dearer"})


# ── the database ─────────────────────────────────────────────────────────────────────────────
@contextmanager
def database() -> Iterator[tuple[Store, Ledger, Meter]]:
    """An empty one, and who reads it."""
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        store = Store(Path(folder) / "hunter.db")
        store.db.execute("pragma synchronous = off")
        ledger = Ledger(store, SteppedClock(market_s=NOW))
        yield store, ledger, Meter(ledger, {"vast": rules(pull_billed=False)})
        store.close()


def _cell(value: Any) -> Any:
    """A value as a cell can hold it."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "�")
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    return json.dumps(value) if not isinstance(value, int) else str(value % 10**40)


def _put(store: Store, table: str, row: Any) -> None:
    """Write a row as somebody's editor would, whatever the columns are meant for."""
    known = {found["name"] for found in store.db.execute(f"pragma table_info({table})")}
    cells = {name: _cell(value) for name, value in row.items() if name in known}
    if cells:
        marks = ", ".join("?" * len(cells))
        sql = f"insert or ignore into {table} ({', '.join(cells)}) values ({marks})"
        store.db.execute(sql, list(cells.values()))


@contextmanager
def _setting(name: str, read: Callable[[Store, Ledger], object]) -> Iterator[Read]:
    with database() as (store, ledger, _):

        def done(body: bytes) -> object:
            text = body.decode("utf-8", "replace")
            store.db.execute(
                "insert or replace into setting (name, value) values (?, ?)", [name, text]
            )
            return read(store, ledger)

        yield done


@contextmanager
def _board() -> Iterator[Read]:
    with database() as (store, _, _):

        def done(body: bytes) -> object:
            store.db.execute(
                "insert or replace into board (market, taken_at, columns) values ('vast', 1, ?)",
                [body],
            )
            return latest.read(store)

        yield done


@contextmanager
def _rows() -> Iterator[Read]:
    """A lease and its history, as they lie in the tables."""
    with database() as (store, ledger, meter):

        def done(said: Any) -> object:
            for table in ("lease", "lease_event"):
                store.db.execute(f"delete from {table}")
            lease, events = (
                (said.get(name) for name in ("lease", "events"))
                if isinstance(said, dict)
                else (None, None)
            )
            if isinstance(lease, dict):
                _put(store, "lease", lease)
            for event in events if isinstance(events, list) else ():
                if isinstance(event, dict):
                    _put(store, "lease_event", {"lease_id": "00c0ffee"} | event)
            found = [*ledger.all(), *ledger.all(live_only=True)]
            return (
                ledger.odd(),
                ledger.used(),
                [(lease_status(meter, one.lease_id), rented(ledger, one)) for one in found],
            )

        yield done


@contextmanager
def _rented() -> Iterator[Read]:
    """What was rented, as it was written down at the launch."""
    with database() as (store, ledger, meter):
        _put(store, "lease", LEASE)
        [lease] = ledger.all()

        def done(body: bytes) -> object:
            store.db.execute("delete from lease_event")
            text = body.decode("utf-8", "replace")
            for event in ("rented", "expected"):
                _put(
                    store,
                    "lease_event",
                    EVENTS[0] | {"lease_id": "00c0ffee", "event": event, "detail": text},
                )
            return rented(ledger, lease), lease_status(meter, lease.lease_id)

        yield done


def _owner(body: bytes) -> object:
    return owner.read(body.decode("utf-8", "replace"))


def _plain(read: Read) -> Callable[[], Any]:
    from bench.fuzz.parser import plain

    return plain(read)


PARSERS = (
    Parser(name="workload files", seeds=(WHOLE, *_toml("workloads/llm-server.toml", "workloads/comfyui-flux.toml")),
           form=TOML, opened=in_a_file("job.toml", _job)),
    Parser(name="config.toml", seeds=(SETTINGS,), form=TOML, opened=in_a_file("config.toml", _settings)),
    Parser(name="demand, by hour", seeds=(HOURS,), form=CSV, opened=in_a_file("d.csv", hourly)),
    Parser(name="demand, by request", seeds=(TIMES,), form=CSV, opened=in_a_file("d.csv", hourly)),
    Parser(name="facts of plug-ins", seeds=_toml("markets/vast.toml"), form=TOML, opened=in_a_file("facts.toml", _facts), weight=0.3),
    Parser(name="stored: owners", seeds=(OWNER,), form=JSON, opened=_plain(_owner), weight=3.0),
    Parser(name="stored: budget", seeds=(CAPS,), form=JSON, opened=lambda: _setting(BUDGET, lambda s, ledger: ledger.used())),
    Parser(name="stored: clock", seeds=(PACE,), form=JSON,
           opened=lambda: _setting(CLOCK, lambda store, ledger: read_clock(store, simulated=True))),
    Parser(name="stored: board", seeds=(BOARD,), form=BLOB, opened=_board),
    Parser(name="stored: what was rented", seeds=(KNOWN,), form=JSON, opened=_rented),
    Parser(name="stored: leases and events", seeds=({"lease": LEASE, "events": EVENTS},), form=ROWS, opened=_rows),
)  # fmt: skip
