"""The door: global options, the list of commands, exit codes. Commands are imported when they run."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
import warnings

import click

from hunter import __version__
from hunter.cli import streams
from hunter.cli.output import document, let_go, sentence, tell
from hunter.cli.shell import Shell, common
from hunter.values.errors import HunterError
from hunter.values.keys import remember, secrets_in

COMMANDS = {
    "scrape": ("deals", "Poll the markets once and record what changed; for cron."),
    "deals": ("deals", "Rank the recorded offers for a workload by expected cost."),
    "explain": ("explain", "Show one offer's whole bill, line by line, with sources."),
    "size": ("coldstart", "Show what an image or a model has to move, without pulling it."),
    "coldstart": ("coldstart", "Show how long a start takes and costs, phase by phase."),
    "storage": ("storage", "Keep or fetch again: what idle time costs in each way."),
    "demand": ("demand", "Always on, scaled to zero or in batches: money and waiting."),
    "plan": ("plan", "Compare ways to ship the weights: fetched, baked, in layers."),
    "export": ("plan", "Hand over: a Dockerfile."),
    "workloads": ("workloads", "List the sample workloads."),
    "launch": ("renting", "Rent an offer inside caps, and watch it come up."),
    "ps": ("ps", "Show what is running and what it costs."),
    "ssh": ("renting", "Log in to an instance."),
    "logs": ("renting", "Print what an instance printed."),
    "stop": ("renting", "Free an instance's GPU and keep its disk."),
    "extend": ("extend", "Give an instance more time."),
    "destroy": ("renting", "End an instance and prove that it is gone."),
    "reap": ("reap", "End what is past its limits; for a timer."),
    "schedule": ("schedule", "Timers that call reap and scrape."),
    "doctor": ("doctor", "Check keys, markets, clocks, database, timers, versions."),
    "budget": ("budget", "Caps over all leases together."),
    "report": ("report", "Write cost reports: market, storage, spend."),
    "sandbox": ("sandbox", "Run the embedded market as a server."),
    "completion": ("completion", "Print the shell's completion script."),
}
"""Each command's module, and its line in the list of commands: known without importing it."""


class Commands(click.Group):
    """The list of commands, each imported only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of a first visit."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"hunter.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in --help, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=Commands, invoke_without_command=True,
               context_settings={"help_option_names": ["-h", "--help"]})  # fmt: skip
@common
@click.option("-w", "--workload", metavar="WORKLOAD", help="For the terminal app: file or sample.")
@click.version_option(__version__, prog_name="hunter")
@click.pass_context
def hunter(ctx: click.Context, workload: str | None) -> None:
    """Hunter spot GPU markets for the cheapest place to run your job, and launch it safely.

    Without a command it opens the terminal app.

    \b
    Try it without an account, a key or the network:
      hunter --sandbox
      hunter --sandbox scrape
      hunter --sandbox deals -w comfyui-flux
    """
    if ctx.invoked_subcommand is None:
        streams.need_terminal()
        from tui.app import run_app  # noqa: PLC0415  0.3 s: only the app needs textual

        shell = ctx.ensure_object(Shell)
        job = shell.workload(workload)
        ctx.exit(run_app(shell.hunter(), job))


def run(args: list[str] | None = None) -> None:
    """The console script. Every failure is one sentence and an exit code; none is a traceback."""
    _start_lightly()
    if args is None and not sys.warnoptions:
        warnings.simplefilter("ignore")  # words of libraries to programmers are none for users
    streams.prepare()
    streams.end_as_interrupted()
    remember(secrets_in(os.environ))
    sys.exit(_run(args))


def _start_lightly() -> None:
    """Begin without what a short command never needs: measured by `make bench`, as a share of its start.

    numpy starts a thread for each core on import, for matrices larger than any of ours, and modules make so
    many objects that collecting garbage among them takes a twentieth of the time.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(50_000)


def _run(args: list[str] | None) -> int:
    words = sys.argv[1:] if args is None else args
    as_json = "--json" in words
    try:
        result = hunter.main(words, prog_name="hunter", standalone_mode=False)
        return int(result) if isinstance(result, int) else 0
    except HunterError as error:
        return _fail(str(error), error.remedy, error.exit_code, as_json=as_json)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.UsageError as error:
        hint = f"Try: {error.ctx.command_path} --help" if error.ctx else "Try: hunter --help"
        return _fail(error.format_message(), hint, 2, as_json=as_json)
    except click.ClickException as error:
        return _fail(error.format_message(), "", 1, as_json=as_json)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted.", "", 130, as_json=False)
    except BrokenPipeError:
        let_go(sys.stdout.fileno())
        return 0
    except Exception as error:  # the outermost door: no traceback for users
        if isinstance(error, OSError) and error.errno in streams.BROKEN and not error.filename:
            let_go(sys.stdout.fileno())
            why = f"What was asked cannot be printed: {error.strerror}."
            return _fail(why, "Make room, or send it elsewhere.", 1, as_json=as_json)
        if os.environ.get("HUNTER_DEBUG"):
            raise
        kind = type(error).__name__
        hint = "This is a mistake in Hunter. HUNTER_DEBUG=1 shows where; please report it."
        return _fail(f"{kind}: {error}", hint, 1, as_json=as_json)


def _fail(message: str, remedy: str, code: int, *, as_json: bool) -> int:
    message, remedy = sentence(message), sentence(remedy)
    tell(f"hunter: {message}")
    if remedy:
        tell(f"  → {remedy}")
    if as_json and code not in (3, 130):
        with contextlib.suppress(HunterError, BrokenPipeError):  # stdout itself may be what failed
            document({"error": message, "remedy": remedy, "exit_code": code})
    return code
