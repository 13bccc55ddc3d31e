"""Commands about how the payload is shipped: plan and export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from hunter.cli.output import table, write_file
from hunter.cli.shell import Shell, common, wait_for
from hunter.values.errors import HunterError, NothingMatches, UsageError
from hunter.values.words import human, number, usd

if TYPE_CHECKING:
    from hunter.cost.shipping import Plan
    from hunter.values.workload import Workload

WAYS = ("fetch", "store", "baked", "layers")


def _plans(shell: Shell, job: Workload) -> tuple[tuple[Plan, ...], Workload]:
    """Every plan, and the workload with all that was learnt of its payload."""

    async def work() -> tuple[tuple[Plan, ...], Workload]:
        async with shell.hunter() as hunter:
            for problem in await hunter.learn_sizes(
                job
            ):  # files and layers matter, sizes alone do not do
                shell.say(f"{problem}")
            sized = hunter.prices.sized(job)
            if sized.payload.image_bytes is None or sized.payload.weights_bytes is None:
                raise HunterError(
                    f"The sizes of {job.name} are not known.",
                    remedy="Give them by hand in the workload file.",
                )
            return hunter.advice.plans(job), sized

    found, sized = wait_for(work())
    if not found:
        raise NothingMatches(
            f"No recorded offer fits {job.name}.", remedy="Run hunter scrape first."
        )
    return found, sized


@click.command()
@click.option("-w", "--workload", metavar="WORKLOAD", help="A TOML file, or a sample by its name.")
@common
@click.pass_obj
def plan(shell: Shell, workload: str | None) -> int:
    """Compare the ways to ship a workload's weights, on each market's best offer for each.

    Markets differ: where the pull is not billed for the GPU, bytes in the image are cheaper than bytes
    fetched at start. The last columns say what moves again when your code, or one adapter, changes: to the
    registry, and to a host that held the image before.

    \b
    Examples:
      hunter plan -w comfyui-flux
      hunter plan -w job.toml --json | jq '.plans[0]'
    """
    from hunter.cost.shipping import WAYS as MEANING  # noqa: PLC0415  numpy

    job = shell.workload(workload)
    found, _ = _plans(shell, job)
    if shell.json:
        shell.document({"workload": job.name, "plans": msgspec.to_builtins(found)})
        return 0
    rows = [
        [
            one.market,
            one.way,
            number(one.cold_start_s),
            f"{number(one.cold_start_low_s)}–{number(one.cold_start_high_s)}",
            usd(one.cold_start_usd),
            usd(one.run_usd),
            human(one.image_bytes),
            human(one.fetched_bytes),
            f"{human(one.code.push)} / {human(one.code.pull)}",
            f"{human(one.adapter.push)} / {human(one.adapter.pull)}",
        ]
        for one in found
    ]
    headers = ["market", "way", "s", "80% within", "start $", "run $", "image", "fetched",
               "code changes", "adapter changes"]  # fmt: skip
    shell.show(table(headers, rows, left=(0, 1)))
    shell.show()
    for way, meaning in MEANING.items():
        shell.show(f"{way:>7}  {meaning}")
    return 0


@click.group()
def export() -> None:
    """Hand over what Hunter knows in other tools' formats."""


@export.command()
@click.option("-w", "--workload", metavar="WORKLOAD", help="A TOML file, or a sample by its name.")
@click.option(
    "--way", type=click.Choice(WAYS), help="How the weights travel; else the cheapest run's."
)
@click.option("-o", "--output", metavar="FILE", help="Write it there; else to stdout.")
@common
@click.pass_obj
def dockerfile(shell: Shell, workload: str | None, way: str | None, output: str | None) -> int:
    """Write a Dockerfile that ships the weights the cheapest way, with its reasons as comments.

    \b
    Examples:
      hunter export dockerfile -w comfyui-flux > Dockerfile
      hunter export dockerfile -w job.toml --way layers -o Dockerfile
    """
    from hunter.export.dockerfile import dockerfile as written  # noqa: PLC0415  numpy
    from hunter.facts.shipped import shipped  # noqa: PLC0415  loaded then

    job = shell.workload(workload)
    found, sized = _plans(shell, job)
    best = min(
        (one for one in found if way in (None, one.way)),
        key=lambda one: one.run_usd if one.run_usd is not None else float("inf"),
    )
    reasons = [
        f"{job.name}: on {one.market} a run costs ${usd(one.run_usd)} with {one.way}, "
        f"its cold start {number(one.cold_start_s)} s and ${usd(one.cold_start_usd)}."
        for one in found
    ]
    chosen = "Asked for" if way else "Cheapest"
    reasons.append(
        f"{chosen}: {best.way}. A change of the code pushes {human(best.code.push)} and pulls "
        f"{human(best.code.pull)} again; one adapter {human(best.adapter.push)} and "
        f"{human(best.adapter.pull)}."
    )
    most = shipped().coldstart.plan.layer_bytes.expected
    text = written(sized, best.way, reasons, most)
    if output is None:
        shell.document({"dockerfile": text, "way": best.way}) if shell.json else shell.show(text)
        return 0
    path = Path(output)
    if path.exists():
        raise UsageError(f"{path} exists.", remedy="Remove it, or give another name.")
    write_file(path, text)
    shell.say(f"wrote {path}: {best.way}")
    return 0
