"""What every command shares: the global options, and the Hunter that they mean."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from hunter.cli import output, streams
from hunter.facts.config import Home, find_home

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from hunter.api.hunter import Hunter
    from hunter.values.billing import Reading
    from hunter.values.workload import Workload

T = TypeVar("T")


class Shell:
    """The global options of one call, and what they open."""

    def __init__(self) -> None:
        self.sandbox = False
        self.folder: str | None = None
        self.json = False
        self.quiet = False
        self.reading: Reading | None = None

    @functools.cached_property
    def home(self) -> Home:
        """The home that the options and the environment mean."""
        home = find_home(self.folder, sandbox=self.sandbox)
        if self.reading is not None:
            config = msgspec.structs.replace(home.config, reading=self.reading)
            home = msgspec.structs.replace(home, config=config)
        if home.simulated:
            speed = f", {home.config.sandbox.speed:g}x time" if self.sandbox else ""
            self.say(
                output.marked(f" SANDBOX: simulated market, no real money{speed} ", reverse=True)
            )
        return home

    def hunter(self) -> Hunter:
        """The Hunter of this call, to be used in `with`, or in `async with` by what asks markets.

        Says which markets' plug-ins bring no facts that can be read; the others work.
        """
        from hunter.api.hunter import Hunter  # noqa: PLC0415  sqlite3 and facts

        hunter = Hunter(self.home, sandbox=self.sandbox)
        for note in (*hunter.store.notes, *map(str, hunter.facts.unusable.values())):
            self.say(note)
        return hunter

    def workload(self, name: str | None) -> Workload:
        """The workload named, or the one that config.toml names."""
        from hunter.facts import workload_file  # noqa: PLC0415  tomllib and msgspec

        job = workload_file.load(self.home.config.workload if name is None else name)
        for typed, names in job.families.items():
            from hunter.values.gpu_names import Match  # noqa: PLC0415  most workloads name models

            self.say(f"{job.name}: {Match(typed=typed, names=names)}.")
        return job

    def say(self, text: str = "", *, nl: bool = True) -> None:
        """A note for people; nothing where quiet."""
        if not self.quiet:
            output.tell(text, nl=nl)

    def show(self, text: str = "") -> None:
        """A line of the answer."""
        output.show(text)

    def document(self, value: Any) -> None:
        """The answer as one JSON document."""
        output.document(value)


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """The global options, accepted before and after a command's name."""

    @click.option("--sandbox", is_flag=True, help="Use the embedded market: no account, no money.")
    @click.option("--home", metavar="DIR", help="Folder of config and database.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    @click.option("--quiet", "-q", is_flag=True, help="No progress and no notes.")
    @click.option(
        "--reading",
        type=click.Choice(["dearer", "cheaper"]),
        help="How to read billing rules that a market contradicts; else as config.toml says.",
    )
    @functools.wraps(command)
    def wrapped(
        *args: Any, sandbox: bool, home: str | None, as_json: bool, quiet: bool,
        reading: Reading | None, **options: Any,
    ) -> Any:  # fmt: skip
        ctx = click.get_current_context()
        shell = ctx.ensure_object(Shell)
        shell.sandbox |= sandbox
        shell.folder = home or shell.folder
        shell.json |= as_json
        shell.quiet |= quiet
        shell.reading = reading or shell.reading
        return ctx.invoke(command, *args, **options)

    return wrapped


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run a verb to its end. Ctrl-C, and what means the same, cancels it; it cleans up before this raises."""
    import asyncio  # noqa: PLC0415  30 ms, and a ranking never waits

    async def watched() -> T:
        with streams.ending(asyncio.get_running_loop(), asyncio.current_task()):
            return await work

    return asyncio.run(watched())
