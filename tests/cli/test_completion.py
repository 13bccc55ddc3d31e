"""Completion for each shell."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(hunter: Any, shell: str) -> None:
    assert "_HUNTER_COMPLETE" in hunter("completion", shell).out
