"""Logging in: no text of a market, and none of the database, becomes an option of ssh or a word for a shell."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hunter.cli.ps import _running_json
from hunter.facts.shipped import shipped
from hunter.leases.fleet import Running
from hunter.markets.protocol import Instance
from hunter.markets.runpod.pods import instance_of as pod_of
from hunter.markets.runpod.pods import rest_instance_of
from hunter.markets.vast.instances import instance_of as row_of
from hunter.store import leases as table
from hunter.values.login import Login, login_at, login_told, port_of_digits
from tests.cli.conftest import hunter  # noqa: F401  a fixture
from tests.fakes import FakeMarket
from tests.homes import DEAL, launched, leases_on

if TYPE_CHECKING:
    from pathlib import Path

# ruff: noqa: F811  a fixture is named by the argument that asks for it

EVIL = "127.0.0.1 -oProxyCommand=touch${IFS}x"
IMPOSSIBLE = [
    EVIL, "", " ", "-oProxyCommand=x", "-host", "host-", "a..b", ".a", "a.", "1.2.3.4\n", "\n1.2.3.4",
    "1.2.3.400", "2130706433", "a b", "a;b", "a'b", "$(x)", "a@b", "root@1.2.3.4", "hôte", "١.٢.٣.٤",
    "a_b", "fe80::1%eth0", "fe80::1%$(x)", "::1 ", "[::1]", "a" * 64, ".".join(["a" * 63] * 4) + ".a",
    "a\x00b", "a/b", "1.2.3.4:22", None, 7, ["1.2.3.4"], {"a": 1},
]  # fmt: skip
POSSIBLE = [
    "1.2.3.4",
    "::1",
    "2001:db8::7",
    "ssh3.vast.ai",
    "localhost",
    "a-b.example",
    "4.a",
    "x1",
]
NO_PORTS = [0, -1, 65536, 22.0, True, "22", "٢٢", " 22", "22 ", "+22", None, [], 10**400]


@pytest.mark.parametrize("host", IMPOSSIBLE)
def test_what_is_no_address_and_no_name_is_no_login(host: Any) -> None:
    assert login_at(host, 22) is None


@pytest.mark.parametrize("host", POSSIBLE)
def test_addresses_and_names_are_logins(host: str) -> None:
    assert login_at(host, 22) == Login(host=host, port=22)


@pytest.mark.parametrize("port", NO_PORTS)
def test_what_is_no_port_is_no_login(port: Any) -> None:
    assert login_at("1.2.3.4", port) is None


@pytest.mark.parametrize("user", ["-l", "", "a b", "a@b", "a;b", "ä", "a\n", "a" * 65])
def test_a_user_is_letters_digits_and_hyphens(user: str) -> None:
    with pytest.raises(ValueError, match="user"):
        Login(host="1.2.3.4", port=22, user=user)
    assert Login(host="ssh.runpod.io", port=22, user="abc123-64411e2b").argv()[-1].startswith("abc")


@pytest.mark.parametrize("text", ["0", "022", "٢٢", "22\n", " 22", "2_2", "9" * 400, "-1", ""])
def test_a_port_in_text_is_plain_digits(text: str) -> None:
    assert login_at("1.2.3.4", port_of_digits(text)) is None


@given(st.one_of(st.text(max_size=300), st.from_regex(r"[a-z0-9.:\- \n%$]{1,40}")), st.integers())
@example(EVIL, 22)
@example("-oProxyCommand=x", 22)
def test_whatever_becomes_a_login_is_four_plain_words_and_a_destination(
    host: str, port: int
) -> None:
    login = login_at(host, port)
    if login is None:
        return
    words = login.argv()
    assert words == ["ssh", "-p", str(port), "--", f"root@{host}"]
    assert shlex.split(login.command) == login.command.split(" ") == words
    assert login.command == "ssh " + login.arguments
    assert login_told(login.command) == login


@given(st.ip_addresses(), st.integers(1, 65535))
def test_every_address_is_a_login(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    assert login_at(str(address), port) == Login(host=str(address), port=port)


@given(st.text())
@example(f"-p 22 root@{EVIL}")
@example("-p 22 root@-oProxyCommand=x")
@example("-p 22 -- -oProxyCommand=x@h")
@example("-p 22 root@1.2.3.4\n")
@example("-p 70000 root@1.2.3.4")
def test_a_line_that_was_written_down_is_parsed_as_strictly(text: str) -> None:
    login = login_told(text)
    assert login is None or text in (
        login.command, login.arguments, f"-p {login.port} {login.user}@{login.host}",
    )  # fmt: skip


# ── the vendors' records ─────────────────────────────────────────────────────────────────────


def vast_row(**facts: Any) -> dict[str, Any]:
    return {"id": 1, "actual_status": "running", "cur_state": "running", "public_ipaddr": "1.2.3.4 \n",
            "ports": {"22/tcp": [{"HostIp": "0.0.0.0", "HostPort": "30022"}]}} | facts  # fmt: skip


def test_vasts_addresses_have_blanks_around_them_and_its_ports_are_text() -> None:
    assert row_of(vast_row(), shipped()).login == Login(host="1.2.3.4", port=30022)


NO_ADDRESSES: list[Any] = [h for h in IMPOSSIBLE if str(h).strip() not in ("1.2.3.4", "::1")]
NO_MAPPINGS: list[Any] = [
    None, [], "22", {"22/tcp": None}, {"22/tcp": []}, {"22/tcp": [None]}, {"22/tcp": "30022"},
    {"22/tcp": [{}]}, {"22/tcp": [{"HostPort": "22 -oProxyCommand=x"}]}, {"22/tcp": [{"HostPort": 1.5}]},
    {"22/tcp": [{"HostPort": "70000"}]}, {"22/tcp": [{"HostPort": True}]},
]  # fmt: skip


@pytest.mark.parametrize(
    "facts",
    [{"public_ipaddr": host} for host in NO_ADDRESSES]
    + [{"ports": ports} for ports in NO_MAPPINGS],
)
def test_a_row_of_vast_with_an_impossible_way_in_is_an_instance_without_one(
    facts: dict[str, Any],
) -> None:
    found = row_of(vast_row(**facts), shipped())
    assert (found.state, found.login, found.reachable) == ("running", None, False)


def pod(**port: Any) -> dict[str, Any]:
    plain = {"ip": "1.2.3.4", "isIpPublic": True, "privatePort": 22, "publicPort": 35558}
    return {"id": "p", "desiredStatus": "RUNNING", "runtime": {"ports": [plain | port]}}


@pytest.mark.parametrize(
    "port",
    [{"ip": host} for host in IMPOSSIBLE] + [{"publicPort": number} for number in NO_PORTS],
)
def test_a_pod_of_runpod_with_an_impossible_way_in_is_an_instance_without_one(
    port: dict[str, Any],
) -> None:
    rules = shipped().market("runpod")
    found = pod_of(pod(**port), shipped(), rules)
    assert (found.state, found.login, found.reachable) == ("running", None, False)
    names = {"ip": "host", "publicPort": "port"}
    direct = {"host": "1.2.3.4", "port": 1} | {names[key]: value for key, value in port.items()}
    rest = {"id": "p", "status": "RUNNING", "runtime": {"uptime": 1}, "ssh": {"direct": direct}}
    found = rest_instance_of(rest, shipped(), rules)
    assert (found.state, found.login, found.reachable) == ("running", None, False)


@pytest.mark.parametrize("runtime", [None, {}, {"ports": None}, {"ports": [None]}, {"ports": "22"}])
def test_a_pod_without_ports_has_no_way_in(runtime: Any) -> None:
    found = pod_of(pod() | {"runtime": runtime}, shipped(), shipped().market("runpod"))
    assert found.login is None


@pytest.mark.parametrize("ssh", [None, {}, {"direct": None}, {"direct": {}}, {"direct": "x"}, "x"])
def test_a_pod_without_a_direct_way_in_has_none(ssh: Any) -> None:
    row = {"id": "p", "status": "RUNNING", "ssh": ssh}
    assert rest_instance_of(row, shipped(), shipped().market("runpod")).login is None


# ── what comes out ───────────────────────────────────────────────────────────────────────────


def test_ps_prints_arguments_that_are_safe_to_paste() -> None:
    found = row_of(vast_row(), shipped())
    assert printed(found) == "-p 30022 -- root@1.2.3.4"
    assert printed(row_of(vast_row(public_ipaddr=EVIL), shipped())) is None


def printed(instance: Instance) -> Any:
    running = Running(
        lease=None, instance=instance, spent_usd=None, burn_usd_h=None, ttl_left_s=None
    )
    return json.loads(json.dumps(_running_json(running)))["ssh"]


@pytest.mark.parametrize(
    ("stored", "command"),
    [
        ("-p 30022 root@1.2.3.4", "ssh -p 30022 -- root@1.2.3.4"),
        ("ssh -p 30022 -- root@1.2.3.4", "ssh -p 30022 -- root@1.2.3.4"),
        (f"-p 22 root@{EVIL}", None),
        ("", None),
    ],
)
async def test_a_way_in_on_record_is_checked_again_when_it_is_read(
    tmp_path: Path, stored: str, command: str | None
) -> None:
    leases = leases_on(tmp_path, FakeMarket(stock=[DEAL]))
    lease = await launched(leases)
    event = table.Event(at=1.0, event="ready", state="ready", phase="running", detail=stored)
    table.add_event(leases.ledger.store, lease.lease_id, event)
    found = leases.status(lease.lease_id)
    assert (found.login.command if found.login else None) == command
    assert found.log[-1].detail == (command or "")


async def test_a_lease_keeps_the_way_in_that_the_market_named(
    tmp_path: Path,
) -> None:
    leases = leases_on(tmp_path, FakeMarket(stock=[DEAL], life=("running",)))
    lease = await launched(leases)
    assert leases.status(lease.lease_id).login == Login(host="host", port=22)


@pytest.mark.parametrize(
    ("address", "code", "out"),
    [("1.2.3.4", 0, "ssh -p 30022 -- root@1.2.3.4\n"), (EVIL, 1, "")],
)
async def test_the_command_runs_ssh_with_a_checked_login_or_not_at_all(
    home: Path, hunter: Any, monkeypatch: pytest.MonkeyPatch, address: str, code: int, out: str
) -> None:
    run: list[list[str]] = []
    monkeypatch.setattr("os.execvp", lambda program, words: run.append(words))
    monkeypatch.setattr(FakeMarket, "instance", shown(address))
    monkeypatch.setattr("hunter.markets.open.adapter_of", lambda plugin: lambda *_: FakeMarket())
    lease = await launched(leases_on(home, FakeMarket(stock=[DEAL])))
    answer = await asyncio.to_thread(hunter, "ssh", "--print", lease.lease_id)
    assert (answer.code, answer.out, run) == (code, out, []), answer.err
    answer = await asyncio.to_thread(hunter, "ssh", "--json", lease.lease_id)
    assert answer.json.get("command") == (out.split() or None)
    await asyncio.to_thread(hunter, "ssh", lease.lease_id)
    assert run == ([out.split()] if out else [])


def shown(address: str) -> Any:
    """How a market looks up one instance, where Vast's row names this address."""

    async def instance(self: FakeMarket, instance_id: str) -> Instance:
        return row_of(vast_row(public_ipaddr=address), shipped())

    return instance
