"""Completion for the user's shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from hunter.cli.output import show
from hunter.values.errors import UsageError


@click.command()
@click.argument("shell_name", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
@click.pass_context
def completion(ctx: click.Context, shell_name: str) -> int:
    """Print the completion script for bash, zsh or fish.

    \b
    Example:
      eval "$(hunter completion bash)"
    """
    kind = get_completion_class(shell_name)
    if kind is None:
        raise UsageError(f"There is no completion for {shell_name}.")
    root = ctx.find_root().command
    show(kind(root, {}, "hunter", "_HUNTER_COMPLETE").source())
    return 0
