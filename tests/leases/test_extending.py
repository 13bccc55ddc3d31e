"""More time: the deadline on the instance first, the record only after it, and never less time than before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.leases.extending import extend
from hunter.leases.guards import machine
from hunter.values.errors import MarketError, UsageError
from tests.builders import NOW
from tests.fakes import FakeMarket
from tests.homes import DEAL, launched, leases_on

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.leases.lease import Lease
    from hunter.leases.leases import Leases

ON_IT = """#!/bin/sh
printf '%s\\n' "$@" >"$FAKE/said"
for last; do :; done
HUNTER_GUARD_DIR="$FAKE/disk" exec sh -c "$last"
"""
"""Instead of a machine elsewhere: what is said to it happens here."""
REFUSES = "#!/bin/sh\necho Host key verification failed. >&2\nexit 255\n"
LIES = "#!/bin/sh\necho welcome\n"


def ssh(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str = ON_IT) -> Path:
    """An ssh that comes first on the path; where it puts what it was told."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "ssh").write_text(text)
    (tools / "ssh").chmod(0o755)
    (folder / "disk").mkdir()
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE", str(folder))
    return folder


async def ready(leases: Leases, guard_said: str | None = "proved", **changes: Any) -> Lease:
    """A lease that one can log in to."""
    lease = await launched(leases, **changes)
    lease = await leases.keep(lease.lease_id, until=("ready",))
    return leases.ledger.move(lease, guard_said=guard_said)


def here(folder: Path) -> Leases:
    return leases_on(folder, FakeMarket(stock=[DEAL]))


async def test_a_proved_switch_is_told_over_ssh_and_the_record_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases = here(tmp_path)
    lease = await ready(leases)
    there = ssh(tmp_path, monkeypatch)
    deadline = there / "disk" / f"deadline-{lease.instance_id}"
    deadline.write_text("1\n")
    done = await extend(leases, lease.lease_id, 4 * 3600)
    assert done.machine_moved
    assert done.lease.ttl_at == leases.clock.now("vast") + 4 * 3600
    assert leases.get(lease.lease_id).ttl_at == done.lease.ttl_at
    told = int(deadline.read_text())
    assert abs(told - deadline.stat().st_mtime - 4 * 3600) < 5  # by the machine's own clock
    said = (there / "said").read_text().splitlines()
    assert said[:4] == ["-o", "BatchMode=yes", "-o", "ConnectTimeout=15"]
    assert "StrictHostKeyChecking" not in "".join(said)
    assert said[said.index("--") + 1] == "root@host"
    assert [p.name for p in (there / "disk").iterdir()] == [deadline.name]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (REFUSES, "Host key verification failed"),
        (LIES, "exit code 0"),
        (ON_IT, "no deadline on it"),
        (None, "No such file"),
    ],
)
async def test_where_the_machine_cannot_be_told_nothing_changes(
    text: str | None, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases = here(tmp_path)
    lease = await ready(leases)
    if text is None:
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        ssh(tmp_path, monkeypatch, text)
    with pytest.raises(MarketError, match=why):
        await extend(leases, lease.lease_id, 4 * 3600)
    assert leases.get(lease.lease_id).ttl_at == lease.ttl_at


@pytest.mark.parametrize("said", [None, "refused no-ca", "not sent along"])
async def test_a_switch_that_is_not_proved_is_not_told_and_the_record_moves(
    said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases = here(tmp_path)
    lease = await ready(leases, said)
    ssh(tmp_path, monkeypatch, REFUSES)
    done = await extend(leases, lease.lease_id, 4 * 3600)
    assert not done.machine_moved
    assert machine(done.lease) != "proved"
    told = [e for e in leases.ledger.history(lease) if e.event == "extended"]
    assert "on record only" in told[0].detail


async def test_a_lease_is_never_made_shorter(tmp_path: Path) -> None:
    leases = here(tmp_path)
    lease = await ready(leases, None)
    with pytest.raises(UsageError, match="would shorten it"):
        await extend(leases, lease.lease_id, 600)
    assert leases.get(lease.lease_id).ttl_at == lease.ttl_at


async def test_a_lease_is_never_made_endless(tmp_path: Path) -> None:
    leases = here(tmp_path)
    lease = await ready(leases, None)
    with pytest.raises(UsageError, match="365 days"):
        await extend(leases, lease.lease_id, 365 * 86400)


async def test_what_does_not_run_gets_no_more_time(tmp_path: Path) -> None:
    leases = here(tmp_path)
    lease = await ready(leases, None)
    await leases.destroy(lease.lease_id)
    with pytest.raises(UsageError, match="ended"):
        await extend(leases, lease.lease_id, 4 * 3600)
    with pytest.raises(UsageError, match="nobody"):
        await extend(leases, "nobody", 4 * 3600)


async def test_its_cap_of_money_still_ends_it(tmp_path: Path) -> None:
    leases = here(tmp_path)
    lease = await ready(leases, None)
    await extend(leases, lease.lease_id, 1000 * 3600)
    ended = await leases.keep(lease.lease_id)
    assert ended.state == "ended"
    assert "cap of $2.00" in ended.note
    assert ended.metered_usd <= 2.0


async def test_a_time_that_somebody_else_moved_meanwhile_is_seen(tmp_path: Path) -> None:
    leases = here(tmp_path)
    lease = await ready(leases, None)
    leases.ledger.move(lease, ttl_at=NOW + 9 * 3600)
    with pytest.raises(UsageError, match="would shorten it"):
        await extend(leases, lease.lease_id, 4 * 3600)
