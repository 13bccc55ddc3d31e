"""Changes to `hunter/cost` that the tests do not notice, part by part: `make mutants PART=bill`.

mutmut changes one thing at a time in a copy of the tree and runs the tests of the changed function; a test
that fails has killed the mutant. The copy, `mutants/`, is kept: a run goes on where the last one stopped and
tries again only what lived. Without it everything begins anew.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOM = Path("hunter/cost")
FOUND = Path("mutants") / ROOM
ENOUGH = 0.85
"""Share of a part's mutants that tests have to kill."""
SURVIVED, NO_TEST = 0, 33
"""mutmut's exit codes of a mutant that lives; every other code is a death: by a failure, or by the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One module's mutants, as far as they were tried."""

    name: str
    tried: int
    killed: int
    untried: int
    alive: tuple[str, ...]

    @property
    def share(self) -> float:
        """Killed, of those tried."""
        return self.killed / self.tried if self.tried else 1.0

    @property
    def row(self) -> str:
        """One line of the table."""
        left = f"  {self.untried} not tried" if self.untried else ""
        share = f"{self.share:.1%}" if self.tried else "–"
        return f"{self.name:12}{self.killed:>7} of {self.tried:>5}{share:>8}{left}"


def part(name: str, codes: Mapping[str, int | None]) -> Part:
    """One module's mutants by their exit codes; None is not tried yet."""
    alive = tuple(key for key, code in codes.items() if code in (SURVIVED, NO_TEST))
    untried = Counter(code is None for code in codes.values())[True]
    tried = len(codes) - untried
    return Part(name=name, tried=tried, killed=tried - len(alive), untried=untried, alive=alive)


def parts() -> list[Part]:
    """Every module of the room that has mutants, from what mutmut keeps beside its copy."""
    found = []
    for path in sorted(FOUND.glob("*.py.meta")):
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        if codes:
            found.append(part(path.name.removesuffix(".py.meta"), codes))
    return found


def table(found: Iterable[Part]) -> str:
    """The parts, and all of them together."""
    found = list(found)
    whole = Part(
        name="all",
        tried=sum(one.tried for one in found),
        killed=sum(one.killed for one in found),
        untried=sum(one.untried for one in found),
        alive=(),
    )
    return "\n".join(one.row for one in (*found, whole))


def left_to_try(name: str) -> list[str]:
    """The mutants of a module that nothing has killed yet; a pattern for all where it has changed since."""
    source, kept = ROOM / f"{name}.py", FOUND / f"{name}.py.meta"
    if not kept.is_file() or source.stat().st_mtime > kept.stat().st_mtime:
        return [f"hunter.cost.{name}.*"]
    codes = json.loads(kept.read_text(encoding="utf-8"))["exit_code_by_key"]
    return [key for key, code in codes.items() if code in (None, SURVIVED, NO_TEST)]


def main(names: list[str]) -> int:
    """Try the mutants of these modules, or of all; 1 where tests kill too few of them."""
    there = sorted(path.stem for path in ROOM.glob("[a-z]*.py"))
    wrong = [name for name in names if name not in there]
    if wrong:
        known = ", ".join(there)
        print(f"{ROOM} has no {' and no '.join(wrong)}. Its parts: {known}.", file=sys.stderr)
        return 2
    failed = False
    for name in names or there:
        if wanted := left_to_try(name):
            done = subprocess.run([sys.executable, "-m", "mutmut", "run", *wanted], check=False)
            failed |= done.returncode != 0
        print(table(parts()))
    return 1 if failed or any(one.tried and one.share < ENOUGH for one in parts()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
