"""The command that explains one offer: its bill, its cold start, its risks, and why it was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import asdict

from hunter.cli.deals import deal_json
from hunter.cli.output import table
from hunter.cli.shell import Shell, common
from hunter.cost.choices import FLAGS
from hunter.values.words import duration, gpus, number, percent, usd

if TYPE_CHECKING:
    from hunter.cost.deal import BillLine, Deal
    from hunter.cost.filters import Missed


@click.command()
@click.argument("offer")
@click.option("-w", "--workload", metavar="WORKLOAD", help="A TOML file, or a sample by its name.")
@common
@click.pass_obj
def explain(shell: Shell, offer: str, workload: str | None) -> int:
    """Show the whole bill of one offer: quantity, rate and source of each line.

    \b
    Examples:
      hunter explain vast:12345678
      hunter explain vast:12345678:bid -w comfyui-flux --json
    """

    with shell.hunter() as hunter:
        deal, broken = hunter.explain(offer, shell.workload(workload))
        if shell.json:
            shell.document(_explain_json(deal, broken, hunter.prices.stale_after_s))
        else:
            _print_bill(shell, deal, broken)
    return 0


def _explain_json(deal: Deal, broken: tuple[Missed, ...], stale_after_s: float) -> dict[str, Any]:
    return {
        "offer": deal.offer.ref,
        "workload": deal.workload.name,
        "lines": [asdict(line) | {"age_s": _age_s(line, deal)} for line in deal.lines],
        "run_usd": deal.run_usd,
        "phases": [
            {"phase": p.phase, "seconds": p.seconds, "low_s": p.low_s, "high_s": p.high_s,
             "usd": p.usd}
            for p in deal.phases
        ],
        "filtered_by": [asdict(missed) for missed in broken],
        "readings": _readings(deal),
        "deal": deal_json(deal, stale_after_s=stale_after_s),
    }  # fmt: skip


def print_bill(shell: Shell, deal: Deal) -> None:
    """The bill of one deal for people."""
    lines = [
        [b.item, number(b.quantity, ".4g"), b.unit, usd(b.rate), usd(b.usd), _aged(b, deal)]
        for b in deal.lines
    ]
    lines.append(["expected run", "", "", "", usd(deal.run_usd), _range(deal)])
    shell.show(table(["item", "quantity", "unit", "$ each", "$", "source"], lines, left=(0, 2, 5)))


def _age_s(line: BillLine, deal: Deal) -> float | None:
    """How old a line's price is; None where it rests on no price of the offer."""
    return round(deal.age_s, 1) if line.source.startswith("offer") else None


def _aged(line: BillLine, deal: Deal) -> str:
    age_s = _age_s(line, deal)
    return line.source if age_s is None else f"{line.source} ({duration(age_s)} old)"


def _range(deal: Deal) -> str:
    return f"eight runs of ten between {usd(deal.run_low_usd)} and {usd(deal.run_high_usd)}"


def _readings(deal: Deal) -> list[dict[str, Any]]:
    """What the market says both of, and how it was read here."""
    rule = deal.assumptions.rules[deal.offer.market]
    return [
        {"phase": phase, "meter": meter, "read_as_billed": cell.billed, "reading": rule.reading,
         "source": cell.source, "date": cell.date}
        for phase, meter, cell in rule.contradictions
    ]  # fmt: skip


def _print_bill(shell: Shell, deal: Deal, broken: tuple[Missed, ...]) -> None:
    offer, job = deal.offer, deal.workload
    shell.show(
        f"{offer.ref}: {gpus(offer.gpu, offer.gpu_count)} ({offer.vram_gb:g} GB each), {offer.tenancy}, "
        f"{offer.location or 'place unknown'}; price seen {duration(deal.age_s)} ago"
    )
    shell.show(f"{job.name}: {job.run.hours:g} h, {job.disk_gb:g} GB of disk, image {job.image}\n")
    print_bill(shell, deal)
    phases = [
        [p.phase, number(p.seconds), number(p.low_s), number(p.high_s), usd(p.usd)]
        for p in deal.phases
    ]
    shell.show("\nCold start, phase by phase:")
    shell.show(table(["phase", "s", "low s", "high s", "$"], phases, left=(0,)))
    idle = deal.break_even_idle_h
    if idle is not None:
        keep = f"${usd(deal.keep_usd_h)}/h"
        shell.show(
            f"\nFetching again beats keeping {job.disk_gb:g} GB at {keep} after "
            f"{duration(idle * 3600)} idle."
        )
    if job.run.reference_gpu and job.run.reference_gpu != offer.gpu:
        shell.show("\n" + _scaled(deal))
    shell.show("\n" + _risk(deal))
    for flag in deal.flags:
        shell.show(f"Flag {flag}: {FLAGS[flag]}.")
    if readings := _readings(deal):
        rule = deal.assumptions.rules[offer.market]
        phases_read = ", ".join(r["phase"] for r in readings)
        shell.show(
            f"{rule.title} contradicts itself on the {readings[0]['meter']} during {phases_read}: "
            f"{readings[0]['source']}. Read here the {rule.reading} way; --reading "
            f"{'cheaper' if rule.reading == 'dearer' else 'dearer'} takes the other."
        )
    for missed in broken:
        shell.show(f"Left out of hunter deals by {missed}.")


def _risk(deal: Deal) -> str:
    """The chances behind a bill, in words."""
    a_month = ""
    if deal.month_usd is not None:
        low, high = (end or 0.0 for end in (deal.month_low_usd, deal.month_high_usd))
        a_month = (
            f" At one run every {deal.workload.run.every_h:g} h: ${deal.month_usd:.2f} a month; ${low:.2f} "
            f"were each run a good one, ${high:.2f} were each a bad one."
        )
    return (
        f"It comes up with a chance of {percent(deal.boot_chance)}; {number(deal.interruptions, '.2f')} "
        f"interruptions are expected in a run.{a_month}"
    )


def _scaled(deal: Deal) -> str:
    """How the hours became those of the offer's GPU."""
    run, gpu = deal.workload.run, deal.offer.gpu
    if deal.speed is None:
        return (
            f"How fast the {gpu} is beside the {run.reference_gpu} is not known: the hours are taken as "
            "they are. [run.speed] in the workload file says better."
        )
    what = (
        "measured"
        if gpu in run.speed
        else "by memory bandwidth"
        if run.bound == "memory"
        else "by FP16 TFLOPS"
    )
    return (
        f"The {gpu} is {deal.speed:.2f}x as fast as the {run.reference_gpu} ({what}): "
        f"{run.hours:g} h become {deal.run_h:.3g} h."
    )
