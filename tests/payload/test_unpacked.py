"""How much a layer unpacks to, from a few of its bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hunter.facts.shipped import shipped
from hunter.payload.unpacked import gzip_size
from hunter.values.coldstart_facts import Unpacked

RATIOS: Unpacked = shipped().coldstart.unpack


def by_trying(trailer: int, compressed: int) -> tuple[int, bool] | None:
    """The same, one number of wraps after the other."""
    low, high = RATIOS.trailer.low * compressed, RATIOS.trailer.high * compressed
    sizes = [trailer + n * 2**32 for n in range(2 + int(high) // 2**32)]
    possible = [size for size in sizes if low <= size and (size == trailer or size <= high)]
    if not possible:
        return None
    usual = RATIOS.code.expected * compressed
    return min(possible, key=lambda size: abs(size - usual)), len(possible) == 1


@given(st.integers(0, 2**32 - 1), st.integers(19, 2**36))
def test_a_trailer_means_the_likeliest_of_all_sizes_that_it_may_stand_for(
    trailer: int, compressed: int
) -> None:
    assert gzip_size(trailer, compressed, RATIOS) == by_trying(trailer, compressed)


def test_a_layer_of_any_size_is_reckoned_at_once() -> None:
    told = gzip_size(7, 2**50, RATIOS)
    assert told is not None
    assert told[0] % 2**32 == 7
    assert not told[1]
