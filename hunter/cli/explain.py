"""The command that explains one offer: its bill, its cold start, its risks, and why it was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hunter.cli.deals import deal_json
from hunter.cli.shell import Shell, common, number, table, usd
from hunter.cost.choices import FLAGS
from hunter.values.units import duration

if TYPE_CHECKING:
    from hunter.cost.deals import BillLine, Deal, Deals
    from hunter.cost.filters import Missed
    from hunter.values.workload import Workload


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

    with shell.prices() as prices:
        priced, broken = prices.explain(offer, shell.workload(workload))
        if shell.json:
            shell.document(_explain_json(priced, broken, prices.stale_after_s))
        else:
            _print_bill(shell, priced, broken)
    return 0


def _explain_json(
    priced: Deals, broken: tuple[Missed, ...], stale_after_s: float
) -> dict[str, Any]:
    deal = priced[0]
    return {
        "offer": deal.offer.ref,
        "workload": priced.workload.name,
        "lines": [
            {"item": b.item, "quantity": b.quantity, "unit": b.unit, "rate": b.rate, "usd": b.usd,
             "source": b.source, "age_s": _age_s(b, deal)}
            for b in priced.bill(0)
        ],
        "run_usd": deal.run_usd,
        "phases": [
            {"phase": p.phase, "seconds": p.seconds, "low_s": p.low_s, "high_s": p.high_s,
             "usd": p.usd}
            for p in priced.phases(0)
        ],
        "filtered_by": [
            {"rule": b.rule, "need": b.need, "has": b.has, "change": b.change} for b in broken
        ],
        "readings": _readings(priced),
        "deal": deal_json(deal, stale_after_s=stale_after_s),
    }  # fmt: skip


def print_bill(shell: Shell, priced: Deals, row: int = 0) -> None:
    """The bill of one deal for people."""
    deal = priced[row]
    lines = [
        [b.item, number(b.quantity, ".4g"), b.unit, usd(b.rate), usd(b.usd), _aged(b, deal)]
        for b in priced.bill(row)
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


def _readings(priced: Deals) -> list[dict[str, Any]]:
    """What the market says both of, and how it was read here."""
    rule = priced.assumptions.rules[priced[0].offer.market]
    return [
        {"phase": phase, "meter": meter, "read_as_billed": cell.billed, "reading": rule.reading,
         "source": cell.source, "date": cell.date}
        for phase, meter, cell in rule.contradictions
    ]  # fmt: skip


def _print_bill(shell: Shell, priced: Deals, broken: tuple[Missed, ...]) -> None:
    deal, job = priced[0], priced.workload
    offer = deal.offer
    shell.show(
        f"{offer.ref}: {offer.gpu_count}x {offer.gpu} ({offer.vram_gb:g} GB each), {offer.tenancy}, "
        f"{offer.location or 'place unknown'}; price seen {duration(deal.age_s)} ago"
    )
    shell.show(f"{job.name}: {job.run.hours:g} h, {job.disk_gb:g} GB of disk, image {job.image}\n")
    print_bill(shell, priced)
    phases = [
        [p.phase, number(p.seconds), number(p.low_s), number(p.high_s), usd(p.usd)]
        for p in priced.phases(0)
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
        shell.show("\n" + _scaled(deal, job))
    shell.show("\n" + _risk(deal))
    for flag in deal.flags:
        shell.show(f"Flag {flag}: {FLAGS[flag]}.")
    if readings := _readings(priced):
        rule = priced.assumptions.rules[offer.market]
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
    month = deal.a_month(deal.run_usd)
    low, high = (deal.a_month(end) or 0.0 for end in (deal.run_low_usd, deal.run_high_usd))
    a_month = ""
    if month is not None:
        a_month = (
            f" At one run every {deal.every_h:g} h: ${month:.2f} a month; ${low:.2f} were each run a good "
            f"one, ${high:.2f} were each a bad one."
        )
    return (
        f"It comes up with a chance of {deal.boot_chance:.0%}; {number(deal.interruptions, '.2f')} "
        f"interruptions are expected in a run.{a_month}"
    )


def _scaled(deal: Deal, job: Workload) -> str:
    """How the hours became those of the offer's GPU."""
    run, gpu = job.run, deal.offer.gpu
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
