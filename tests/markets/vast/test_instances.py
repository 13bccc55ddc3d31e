"""Vast's states as ours."""

from __future__ import annotations

import pytest

from hunter.facts.shipped import shipped
from hunter.markets.vast.instances import instance_of, state_of
from hunter.values.login import Login
from tests.markets.vast.records import Row


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"actual_status": None, "cur_state": "loading", "intended_status": "running"}, "allocating"),
        ({"actual_status": "loading", "cur_state": "running", "status_msg": "4c7d: Pull complete"}, "pulling"),
        ({"actual_status": "loading", "cur_state": "running", "status_msg": "manifest unknown"}, "failed"),
        ({"actual_status": "created", "cur_state": "running", "status_msg": ": OCI runtime create failed"}, "failed"),
        ({"actual_status": "running", "cur_state": "running", "status_msg": "success"}, "running"),
        ({"actual_status": "exited", "cur_state": "stopped", "intended_status": "stopped"}, "stopped"),
        ({"actual_status": "exited", "cur_state": "stopped", "intended_status": "running"}, "interrupted"),
        ({"actual_status": "exited", "cur_state": "running", "intended_status": "running"}, "starting"),
        ({"actual_status": "offline", "cur_state": "running"}, "offline"),
        ({"actual_status": "unknown", "cur_state": "running"}, "offline"),
        ({"actual_status": None, "cur_state": "unloaded"}, "gone"),
    ],
)  # fmt: skip
def test_vasts_four_states_are_one_of_ours(row: Row, state: str) -> None:
    assert state_of(row) == state


def test_a_host_without_ports_of_its_own_is_entered_by_the_proxy_and_no_other_host_is() -> None:
    row = {"id": 1, "actual_status": "running", "cur_state": "running", "ssh_host": "ssh3.vast.ai",
           "ssh_port": 10600, "public_ipaddr": "192.0.2.45", "direct_port_count": 0}  # fmt: skip
    assert instance_of(row, shipped()).login == Login(host="ssh3.vast.ai", port=10600)
    assert not instance_of(row | {"direct_port_count": 12}, shipped()).reachable
    mapped = {"22/tcp": [{"HostIp": "0.0.0.0", "HostPort": "30022"}]}
    direct = instance_of(row | {"direct_port_count": 12, "ports": mapped}, shipped())
    assert direct.login == Login(host="192.0.2.45", port=30022)
