"""What people type, and what stands in headers and environments."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import click

from bench.fuzz.parser import LINES, SECRET, TOML, WORDS, Form, Parser, plain, scratch
from hunter.cli.coldstart import HOST_KEYS
from hunter.cli.main import COMMANDS
from hunter.cli.main import hunter as door
from hunter.cli.options import DURATION, MOMENT, MONEY, TTL, KeyValues
from hunter.estimate.by_hand import described
from hunter.estimate.measure import lasted, marks
from hunter.facts.config import base_url, find_key
from hunter.facts.shipped import shipped
from hunter.leases.guards import verdict
from hunter.leases.identity import read_label
from hunter.values.amounts import MOST_USD, number, seconds
from hunter.values.login import login_told
from hunter.values.patience import date_s, retry_after_s
from hunter.values.units import hours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.fuzz.parser import Read

NOW = 1_795_000_000.0
DURATIONS = ("90s", "10m", "1h30m", "2d", "1h 30m", "0.5h", "24h")
DATES = (
    "120",
    "Fri, 27 Nov 2026 10:00:00 GMT",
    "Friday, 27-Nov-26 10:00:00 GMT",
    "Fri Nov 27 10:00:00 2026",
    "0",
)
GPUS = (
    *tuple(shipped().gpus)[:40],
    "4090",
    "rtx4090",
    "RTX_4090",
    "H100 SXM",
    "NVIDIA GeForce RTX 4090",
)
LOG = "hello\nHUNTER_PHASE boot 100.5 0\nHUNTER_PHASE weights 120 26000\nHUNTER_PHASE ready 150.25\nHUNTER_GUARD proved\n"
ARGV = (
    "deals -w one-hour --gpu 4090 --spot --region EU --max-age 10m -n 5", "deals --sort run_high_usd --avoid unverified",
    "launch --offer vast:12 --max-usd-h 0.60 --max-usd 2 --ttl 2h --yes", "report market --since 7d --until 2026-11-20",
    "logs 00c0ffee -n 100", "budget set --day-usd 5 --count 3", "storage --offer vast:1 -n 2", "size hf:org/repo",
    "coldstart --host down_mbps=800,unpack_mb_s=900", "destroy 00c0ffee vast:5", "--home /tmp/x ps --json", "ssh 1 --print",
    "plan -w one-hour", "demand -w llm-server --timeout 90s", "explain vast:1 --json", "completion bash",
)  # fmt: skip


def refused(read: Callable[[Any], object]) -> Read:
    """Where a plain function says ValueError, and its callers make a sentence of it."""

    def done(words: Any) -> object:
        try:
            return read(words)
        except ValueError as error:
            raise Refused(str(error)) from error

    return done


class Refused(Exception):
    """What a caller of ours turns into a sentence: it counts as rejected."""


def _typed(kind: click.ParamType[Any]) -> Read:
    return lambda words: kind.convert(words, None, None)


def _by_hand(words: str) -> object:
    """A host that somebody describes, up to where it is an offer."""
    return described(KeyValues(HOST_KEYS).convert(words, None, None), shipped().coldstart)


def _marks(body: bytes) -> object:
    text = body.decode("utf-8", "replace")
    return lasted(marks(text)), verdict(text)


def _header(words: str) -> object:
    return retry_after_s(words, NOW), date_s(words)


def _gpu_of(words: str) -> object:
    facts = shipped()
    return [facts.gpu_of(market, words, 24.0) for market in facts.markets]


@contextmanager
def _gpu_named() -> Iterator[Read]:
    """As `--gpu` is resolved, over all models that are known."""
    from tests.homes import hunter_on

    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        hunter = hunter_on(Path(folder))
        yield hunter.prices.gpus
        hunter.store.close()


def _argv(words: str) -> object:
    """Words of a command line, up to where a command would begin to work."""
    args = [part for part in words.split(" ") if part]
    silent = io.StringIO()
    with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
        try:
            context = door.make_context("hunter", args)
            rest = [*context._protected_args, *context.args]
            if not rest or rest[0] not in COMMANDS:
                return None
            command: click.Command | None = door.get_command(context, rest[0])
            while command is not None:
                context = command.make_context(rest[0], rest[1:], parent=context)
                rest = [*context._protected_args, *context.args]
                group = command if isinstance(command, click.Group) else None
                command = group.get_command(context, rest[0]) if group and rest else None
        except (click.ClickException, click.exceptions.Exit, click.Abort) as error:
            raise Refused(str(error)) from error
    return context.params


@contextmanager
def _key_files(kind: str) -> Iterator[Read]:
    """The vendors' own files of a kind, in a home of nobody's."""
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        plain_env = {n: v for n, v in os.environ.items() if not n.endswith(("_KEY", "_URL"))} | {
            "HOME": folder
        }
        markets = list(shipped().markets.values())
        paths = [
            Path(folder) / name.removeprefix("~/")
            for one in markets
            for name in one.key_files
            if name.endswith(kind)
        ]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)

        def read(body: bytes) -> object:
            for path in paths:
                path.write_bytes(body)
            found = [find_key(market, simulated=False) for market in markets]
            assert all(key is None or (key.isascii() and key.isprintable()) for key in found)
            return found

        with patch.dict(os.environ, plain_env, clear=True):
            yield read


@contextmanager
def _addresses() -> Iterator[Read]:
    """Where the environment points a market."""
    market = shipped().market("vast")

    def read(words: str) -> object:
        with patch.dict(os.environ, {market.url_variable: _for_environ(words)}):
            return base_url(market)

    yield read


def _for_environ(words: str) -> str:
    """As much of a text as an environment can hold."""
    return words.replace("\0", "").encode("utf-8", "replace").decode()


def of(name: str, read: Read, *seeds: Any, form: Form = WORDS, weight: float = 4.0) -> Parser:
    """A way in that needs nothing but its words."""
    return Parser(name=name, seeds=seeds, form=form, opened=plain(read), weight=weight)


PARSERS = (
    of("numbers", refused(lambda words: number(words, most=MOST_USD)), "0.60", "12", ".5", "1e3", "2."),
    of("durations", refused(seconds), *DURATIONS),
    of("hours", refused(hours), *DURATIONS),
    of("option: dollars", _typed(MONEY), "0.60", "12", "1e3"),
    of("option: duration", _typed(DURATION), *DURATIONS),
    of("option: time to live", _typed(TTL), *DURATIONS),
    of("option: moment", _typed(MOMENT), *DURATIONS, "2026-11-20", "2026-11-20T10:00:00+01:00", "20261120T10"),
    of("option: key=value", _by_hand, "down_mbps=800,unpack_mb_s=900", "down_mbps=1,write_mb_s=2,slots=3",
       "down_mbps=200,slots=3,engine=docker"),
    of("command lines", _argv, *ARGV, weight=0.5),
    of("GPU names of markets", _gpu_of, *GPUS),
    Parser(name="GPU names as typed", seeds=GPUS, form=WORDS, opened=_gpu_named, weight=0.5),
    of("retry-after and dates", _header, *DATES),
    of("logins on record", login_told, "ssh -p 30022 -- root@1.2.3.4", "-p 30022 root@1.2.3.4", "ssh -p 1 -- a@b.example"),
    of("labels", read_label, "hunter-a1b2c3-00c0ffee", "hunter-a1b2c3-00c0ffee-migration", "hunter-my-own-box"),
    of("log marks", _marks, LOG, LOG * 30, form=LINES, weight=2.0),
    Parser(name="market addresses", seeds=("https://host.example", "http://127.0.0.1:8321/vast", "https://[::1]:80/a"),
           form=WORDS, opened=_addresses, weight=3.0),
    Parser(name="vendors' key files", seeds=(f"{SECRET}\n",), form=LINES, opened=lambda: _key_files("_key")),
    Parser(name="vendors' key files, TOML", seeds=({"apikey": SECRET, "api_key": SECRET},
                                                   {"default": {"api_key": SECRET}, "apiurl": "https://x"}),
           form=TOML, opened=lambda: _key_files(".toml")),
)  # fmt: skip
