"""What a workload asks of its container, checked before anything is asked of a market."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hunter.values.errors import WorkloadError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hunter.facts.shipped import Facts
    from hunter.values.workload import Workload


def check_container(workload: Workload, place: str, facts: Facts, keys: Iterable[str] = ()) -> None:
    """Raise WorkloadError where its ports or variables can be had on no market.

    Args:
        workload: what is to run.
        place: of the workload, for the sentence.
        facts: names that the markets set themselves.
        keys: keys of the markets' accounts, beside those in the environment.
    """
    if workload.ports:
        from hunter.values.ports import read_ports  # noqa: PLC0415  most workloads name none

        try:
            read_ports(workload.ports)
        except ValueError as error:
            raise WorkloadError(f"{place}, ports: {error}.", remedy="Correct it.") from error
    if workload.env:
        from hunter.values.environment import RefusedVariable, check_environment  # noqa: PLC0415  as above

        markets = facts.markets.values()
        reserved = {
            name: one.title for one in markets for name in (*one.reserved_env, one.key_variable)
        }
        held = [os.environ.get(one.key_variable, "").strip() for one in markets]
        try:
            check_environment(workload.env, reserved, (*keys, *held))
        except RefusedVariable as error:
            name = (
                error.key if error.key.isprintable() and " " not in error.key else ascii(error.key)
            )
            where = f"env.{name}" if error.key else "env"
            raise WorkloadError(
                f"{place}, {where}: {error}.", remedy="Remove or rename that variable."
            ) from error
