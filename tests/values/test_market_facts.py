"""What is known of a market."""

from __future__ import annotations

from msgspec.structs import replace

from hunter.facts.shipped import shipped


def test_a_market_calls_a_gpu_as_we_do_unless_its_file_says_otherwise() -> None:
    market = replace(shipped().market("vast"), gpu_names={"A": ("A 1", "A 2"), "B": ()})
    assert [market.names_of(gpu) for gpu in ("A", "B", "C")] == [("A 1", "A 2"), (), ("C",)]
