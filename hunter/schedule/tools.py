"""The programs that keep timers, called with a limit; what they say is repeated, never guessed at."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import msgspec

from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WITHIN_S = 30.0
"""For an answer of systemctl or crontab."""
NO_SUCH_PROGRAM = 127
"""What `env` answers where it finds none."""


class Done(msgspec.Struct, frozen=True):
    """How a program ended."""

    code: int
    out: bytes
    err: str

    @property
    def said(self) -> str:
        """Its complaint as one line."""
        return (
            " ".join((self.err or self.out.decode("utf-8", "replace")).split())[:300] or "nothing"
        )


def call(
    words: Sequence[str],
    *,
    given: bytes = b"",
    within_s: float = WITHIN_S,
    environ: Mapping[str, str] | None = None,
    folder: str | None = None,
) -> Done | None:
    """Run a program to its end, its messages in English; None where it is not there or does not end.

    Args:
        words: program and arguments.
        given: what it reads.
        within_s: after so many seconds it is ended.
        environ: all of its environment; ours where None.
        folder: where it runs.
    """
    try:
        done = subprocess.run(  # noqa: S603  the user's own tools, no shell
            ["env", "LC_ALL=C", *words] if environ is None else list(words),
            input=given,
            capture_output=True,
            timeout=within_s,
            env=None if environ is None else dict(environ),
            cwd=folder,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if environ is None and done.returncode == NO_SUCH_PROGRAM:
        return None
    return Done(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def must(words: Sequence[str], *, given: bytes = b"") -> Done:
    """The same where it has to work; HunterError repeats what the program said."""
    done = call(words, given=given)
    shown = " ".join(words[:4])
    if done is None:
        raise HunterError(f"{shown} cannot be run, or does not end.", remedy="Try it by hand.")
    if done.code:
        raise HunterError(f"{shown} failed: {done.said}.", remedy="Correct that and try again.")
    return done
