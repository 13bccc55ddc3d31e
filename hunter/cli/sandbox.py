"""The embedded market as a server."""

from __future__ import annotations

from typing import Any

import click

from hunter.cli.options import Amount
from hunter.cli.shell import Shell, common


@click.group()
def sandbox() -> None:
    """Run the embedded market: both vendors' HTTP APIs on this machine, with simulated money."""


@sandbox.command()
@click.option("-p", "--port", type=click.IntRange(0, 65535), default=8321, show_default=True,
              help="0 picks a free one.")  # fmt: skip
@click.option("--offers", type=click.IntRange(10, 100_000), default=2000, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True)
@click.option("--speed", type=Amount("factor", most=3600.0, example="30"), default=1.0,
              show_default=True, help="Its seconds for one of yours.")  # fmt: skip
@click.option("--limits/--no-limits", default=False, show_default=True,
              help="Enforce the vendors' rate limits.")  # fmt: skip
@click.option("--row-cap", type=click.IntRange(1, 100_000), default=64, show_default=True,
              help="Most offers in one reply.")  # fmt: skip
@click.option("--page-rows", type=click.IntRange(1), default=None,
              help="Rows in one page of a list; optional paging is off without it.")  # fmt: skip
@click.option("--run-guards", is_flag=True,
              help="Really run the dead-man switch of what is rented with one.")  # fmt: skip
@click.option(
    "--fault", "faults", multiple=True, metavar="SPEC", help="Misbehave; may be repeated."
)
@click.option("--env", "as_env", is_flag=True, help="Print the address as lines for a shell.")
@common
@click.pass_obj
def serve(shell: Shell, /, as_env: bool, **options: Any) -> int:
    """Serve the market on loopback until interrupted. Any API key is accepted.

    \b
    Examples:
      hunter sandbox serve --port 0 --env > market.env &  . ./market.env;  vastai search offers
      hunter sandbox serve --fault never-boot --speed 60
    """
    from hunter.sandbox.server import Options, serve  # noqa: PLC0415  starlette and uvicorn, 0.3 s

    def ready(url: str) -> None:
        if shell.json:
            shell.document({"url": url})
        elif as_env:
            shell.show("\n".join(f"export {name}={url}" for name in _variables()))
        else:
            shell.show(f"The embedded market answers at {url} (Ctrl-C ends it).")

    serve(Options(**options), ready)
    return 0


def _variables() -> list[str]:
    """Where the vendors' own clients read their server from, of every market that is served."""
    from hunter.facts.shipped import shipped  # noqa: PLC0415  10 ms
    from hunter.sandbox.facts import SERVED  # noqa: PLC0415  with it

    return [shipped().market(name).url_variable for name in SERVED]
