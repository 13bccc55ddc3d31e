"""How a container engine pulls an image, in seconds: downloads in slots, layers unpacked in their order.

    download   a few layers at once share the link; when one is there the next begins, the base first
    unpack     one layer after another, in order, each when it is there and the one below is unpacked

So the link and the processor work at the same time, and what comes last is waited for twice. Source:
moby `daemon/internal/distribution/xfer/download.go` and containerd `core/unpack/unpacker.go`, 2025;
checked against real pulls in docs/coldstart.md. Columns in, columns out: n hosts × k layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hunter.values.coldstart_facts import Puller
    from hunter.values.units import Floats

MB = 1e6


class Layers(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The k layers of an image as columns, the base first. Equal layers stand here once."""

    compressed_bytes: Floats
    unpacked_bytes: Floats
    ease: Floats
    """How much faster than gzip its packing is undone; infinite where nothing has to be undone."""
    files: Floats
    """How many files it lays down, as far as anybody can tell."""

    def __len__(self) -> int:
        return len(self.compressed_bytes)

    @property
    def bytes_in(self) -> float:
        """What travels where nothing is there yet."""
        return float(self.compressed_bytes.sum())


class Hosts(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What n hosts can do, as columns of length n. MB is 10^6 bytes."""

    down_mb_s: Floats
    """Everything together, registry included."""
    connection_mb_s: Floats
    """One connection alone."""
    unpack_mb_s: Floats
    """What one thread writes of a gzip layer when the disk is no limit."""
    write_mb_s: Floats
    """What the disk takes."""
    layer_s: float
    """Spent on each layer whatever its size: mounts, metadata."""
    file_s: float
    """Spent on each file."""

    def __len__(self) -> int:
        return len(self.down_mb_s)


class Pull(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A pull on each of n hosts: when each of k layers was there, and when it was unpacked, in seconds."""

    downloaded_s: Floats
    """n × k."""
    unpacked_s: Floats
    """n × k."""

    @property
    def download_s(self) -> Floats:
        """Until the last byte has come."""
        n = len(self.downloaded_s)
        return self.downloaded_s.max(axis=1, initial=0.0) if n else np.zeros(0)

    @property
    def seconds(self) -> Floats:
        """Until everything is unpacked."""
        n = len(self.unpacked_s)
        return self.unpacked_s.max(axis=1, initial=0.0) if n else np.zeros(0)


def pull(
    layers: Layers, hosts: Hosts, engine: Puller, cached: NDArray[np.bool_] | None = None
) -> Pull:
    """The pull of an image on each host.

    Args:
        layers: k of them.
        hosts: n of them.
        engine: how they pull.
        cached: which of the k layers are there already (k), or for each host (n × k).
            They cost nothing.
    """
    n, k = len(hosts), len(layers)
    if cached is None or cached.ndim == 1 or n == 0:
        return _pull(layers, hosts, engine, cached)
    downloaded, unpacked = np.zeros((n, k)), np.zeros((n, k))
    patterns, group = np.unique(cached, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        rows = np.flatnonzero(group.ravel() == number)
        part = _pull(layers, _take(hosts, rows), engine, pattern)
        downloaded[rows], unpacked[rows] = part.downloaded_s, part.unpacked_s
    return Pull(downloaded_s=downloaded, unpacked_s=unpacked)


def totals(
    layers: Layers, hosts: Hosts, engine: Puller, cached: NDArray[np.bool_] | None = None
) -> tuple[Floats, Floats]:
    """Until the last byte has come and until everything is unpacked: `pull` without its n × k tables.

    The end is the latest, over the layers, of `there + all unpacking from this layer on`. In which
    order downloads end is the same on every host, so layers that come before a lower one can never
    be the latest, and what remains is one product of matrices.
    """
    if engine.unpack_at_once > 1 or (cached is not None and cached.ndim > 1):
        whole = pull(layers, hosts, engine, cached)
        return whole.download_s, whole.seconds
    wanted = np.flatnonzero(~cached) if cached is not None else np.arange(len(layers))
    if not len(wanted):
        return np.zeros(len(hosts)), np.zeros(len(hosts))
    ends, moved, active = turns(layers.compressed_bytes[wanted].tolist(), engine.slots)
    last = np.maximum.accumulate(np.argsort(ends))
    late = np.flatnonzero(np.diff(last, prepend=-1))  # layers that come after all below them
    by_active = np.zeros((len(ends), engine.slots))
    by_active[np.arange(len(ends)), np.array(active) - 1] = moved
    bytes_until = np.cumsum(by_active, axis=0)[last[late]]
    ease, kind = np.unique(layers.ease[wanted], return_inverse=True)
    by_kind = np.zeros((len(wanted), len(ease)))
    by_kind[np.arange(len(wanted)), kind] = layers.unpacked_bytes[wanted]
    bytes_from = np.cumsum(by_kind[::-1], axis=0)[::-1][late]
    fixed = hosts.layer_s + layers.files[wanted] * hosts.file_s
    fixed_from = np.cumsum(fixed[::-1])[::-1][late]
    per_byte = _seconds_a_byte(hosts, np.arange(1, engine.slots + 1))
    speeds = np.column_stack((per_byte, _seconds_a_byte_unpacked(hosts, ease)))
    ready = speeds @ np.column_stack((bytes_until, bytes_from)).T
    ready += fixed_from
    there: Floats = per_byte @ bytes_until[-1]
    return there, ready.max(axis=1)


def _take(hosts: Hosts, rows: NDArray[np.intp]) -> Hosts:
    return Hosts(
        down_mb_s=hosts.down_mb_s[rows],
        connection_mb_s=hosts.connection_mb_s[rows],
        unpack_mb_s=hosts.unpack_mb_s[rows],
        write_mb_s=hosts.write_mb_s[rows],
        layer_s=hosts.layer_s,
        file_s=hosts.file_s,
    )


def _pull(layers: Layers, hosts: Hosts, engine: Puller, cached: NDArray[np.bool_] | None) -> Pull:
    wanted = np.flatnonzero(~cached) if cached is not None else np.arange(len(layers))
    downloaded = np.zeros((len(hosts), len(layers)))
    unpacked = np.zeros_like(downloaded)
    if len(wanted):
        there = _downloads(layers.compressed_bytes[wanted], hosts, engine.slots)
        effort = _efforts(layers, wanted, hosts)
        downloaded[:, wanted] = there
        unpacked[:, wanted] = (
            _in_order(there, effort)
            if engine.unpack_at_once == 1
            else _by_workers(there, effort, engine.unpack_at_once)
        )
    return Pull(downloaded_s=downloaded, unpacked_s=unpacked)


def turns(n_bytes: Sequence[float], slots: int) -> tuple[list[int], list[float], list[int]]:
    """In which order downloads end when a link is shared evenly, whatever its speed.

    Returns the layers in the order of their ends, the bytes that each connection moved since the end
    before, and how many connections there were meanwhile.

    >>> turns([10.0, 30.0, 20.0], slots=2)
    ([0, 1, 2], [10.0, 20.0, 0.0], [2, 2, 1])
    """
    waiting = list(range(len(n_bytes)))[::-1]
    running: dict[int, float] = {}
    ends, moved, active = [], [], []
    while waiting or running:
        while waiting and len(running) < slots:
            layer = waiting.pop()
            running[layer] = float(n_bytes[layer])
        first = min(running, key=lambda layer: running[layer])
        step = running[first]
        active.append(len(running))
        running = {layer: left - step for layer, left in running.items() if layer != first}
        ends.append(first)
        moved.append(step)
    return ends, moved, active


def _downloads(n_bytes: Floats, hosts: Hosts, slots: int) -> Floats:
    """When each layer is there: n × k. Connections share the link evenly, none exceeds its own limit."""
    ends, moved, active = turns(n_bytes.tolist(), slots)
    there = np.empty((len(hosts), len(n_bytes)))
    there[:, ends] = np.cumsum(moved * _seconds_a_byte(hosts, np.array(active)), axis=1)
    return there


def _seconds_a_byte(hosts: Hosts, active: NDArray[np.intp]) -> Floats:
    """For one byte on each of so many connections: n × len(active)."""
    shared = active / (hosts.down_mb_s[:, None] * MB)
    return np.maximum(shared, 1 / (hosts.connection_mb_s[:, None] * MB))


def _seconds_a_byte_unpacked(hosts: Hosts, ease: Floats) -> Floats:
    """For one byte laid down, by how its layer is packed: n × len(ease).

    The decompressor feeds the writer through a pipe, so that the slower of the two counts.
    """
    undo = 1 / (hosts.unpack_mb_s[:, None] * MB * ease)
    return np.maximum(undo, 1 / (hosts.write_mb_s[:, None] * MB))


def _efforts(layers: Layers, wanted: NDArray[np.intp], hosts: Hosts) -> Floats:
    """What unpacking each layer takes by itself: n × k seconds."""
    effort = layers.unpacked_bytes[wanted] * _seconds_a_byte_unpacked(hosts, layers.ease[wanted])
    effort += hosts.layer_s + layers.files[wanted] * hosts.file_s
    return effort


def _in_order(there: Floats, effort: Floats) -> Floats:
    """x_i = max(there_i, x_(i-1)) + effort_i, for all hosts at once."""
    done = np.cumsum(effort, axis=1)
    slack = there - done + effort
    ends: Floats = np.maximum.accumulate(slack, axis=1)
    ends += done
    return ends


def _by_workers(there: Floats, effort: Floats, workers: int) -> Floats:
    """The same with several unpackers: each layer takes the first that is free."""
    n, k = there.shape
    free, rows = np.zeros((n, workers)), np.arange(n)
    ends = np.empty((n, k))
    for layer in range(k):
        worker = free.argmin(axis=1)
        begin = np.maximum(there[:, layer], free[rows, worker])
        ends[:, layer] = free[rows, worker] = begin + effort[:, layer]
    return ends
