"""What the embedded market remembers: one file for several servers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from hunter.sandbox.book import Book, Page
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from pathlib import Path


def page(seed: int = 1) -> Page:
    return Page(seed=seed, offers=10, speed=1.0, market_s=time.time(), wall_s=time.time())


def test_two_servers_on_one_file_see_each_others_changes(tmp_path: Path) -> None:
    first, second = (Book(tmp_path / "book.json", page()) for _ in range(2))
    with first.open() as shared:
        shared.next_number = 77
    with second.open() as shared:
        assert shared.next_number == 77
        shared.next_number = 78
    with first.open() as shared:
        assert shared.next_number == 78


def test_a_file_opened_again_goes_on_with_its_own_seed_and_clock(tmp_path: Path) -> None:
    Book(tmp_path / "book.json", page(seed=5))
    assert Book(tmp_path / "book.json", page(seed=6)).page.seed == 5


def test_a_broken_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "book.json").write_text("{broken")
    with pytest.raises(HunterError, match=r"book\.json cannot be read"):
        Book(tmp_path / "book.json", page())
