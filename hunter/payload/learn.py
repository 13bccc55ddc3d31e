"""Learn how much a workload has to move, from registries and hubs; what was learnt stays in the database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hunter.payload.ask import MAX_AGE_S, payload_size, surroundings
from hunter.values.errors import ConfigError, PayloadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hunter.payload.sizes import PayloadSize
    from hunter.store.payloads import PayloadMemory
    from hunter.values.workload import Workload


async def weigh(
    ref: str,
    memory: PayloadMemory,
    mirrors: Mapping[str, str],
    *,
    offline: bool = False,
    refresh: bool = False,
) -> PayloadSize:
    """The size of one reference; PayloadError says why it cannot be learnt.

    Args:
        ref: an image, hf:…, civitai:…, s3://…, an address or a file.
        memory: what was learnt before.
        mirrors: servers to ask in place of others.
        offline: ask nobody.
        refresh: ask even if the answer is young.
    """
    async with surroundings(mirrors) as around:
        max_age_s = -1.0 if refresh else MAX_AGE_S
        return await payload_size(ref, around, memory, max_age_s=max_age_s, offline=offline)


async def weigh_workload(
    workload: Workload, memory: PayloadMemory, mirrors: Mapping[str, str]
) -> list[PayloadError | ConfigError]:
    """Learn everything that a workload moves, several servers at once; the failures, if any."""

    async def one(ref: str) -> PayloadError | ConfigError | None:
        try:
            await weigh(ref, memory, mirrors)
        except (PayloadError, ConfigError) as error:
            return error
        return None

    found = await asyncio.gather(*(one(ref) for ref in references(workload)))
    return [error for error in found if error is not None]


def references(workload: Workload) -> Iterable[str]:
    """What a workload names: its image and its weights."""
    return (workload.image, *(fetch.ref for fetch in workload.payload.fetches))
