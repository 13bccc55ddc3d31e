"""Commands about prices: scrape, deals, explain, workloads."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from hunter.cli.options import DURATION
from hunter.cli.output import OVER, Marked, csv_text, table, tell
from hunter.cli.shell import Shell, common, wait_for
from hunter.cli.timed import run_job, tell_found, timer_options
from hunter.cost.choices import FLAGS, SORTS
from hunter.values.errors import MarketError, MarketUnusable, Misdirected, UsageError
from hunter.values.words import duration, gpus, iso, number, percent, usd

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.api.hunter import Hunter
    from hunter.api.polling import Polled
    from hunter.api.prices import Prices
    from hunter.cost.deal import Deal
    from hunter.cost.deals import Deals
    from hunter.cost.filters import Query
    from hunter.markets.protocol import Progress
    from hunter.schedule.runs import Recorded
    from hunter.values.gpu_names import Match
    from hunter.values.workload import Workload

NAMES = (
    "rank", "offer", "market", "gpu", "gpu_count", "vram_gb", "location", "country", "tenancy",
    "price_usd_h", "storage_usd_gb_month", "storage_stopped_usd_gb_month", "inet_down_usd_gb",
    "inet_up_usd_gb", "inet_down_mbps", "reliability", "verified", "age_s", "seen_at", "stale",
    "all_in_usd_h", "all_in_low_usd_h", "all_in_high_usd_h", "cold_start_s", "cold_start_low_s",
    "cold_start_high_s", "cold_start_usd", "run_usd", "run_low_usd", "run_high_usd",
    "useful_hour_usd", "useful_hour_low_usd", "useful_hour_high_usd", "month_usd", "month_low_usd",
    "month_high_usd", "boot_chance", "interruptions", "acquire_usd", "speed", "run_h",
    "break_even_idle_h", "flags", "percentile", "launchable",
)  # fmt: skip
"""What scripts read of a deal, in this order: names of `Deal` and `Offer`, and a few of `deal_json`."""
COUNTED = ("offers", "appeared", "changed", "gone", "rejected")
"""What is kept of each poll on record."""


@click.command()
@click.option("-m", "--market", "markets", multiple=True, metavar="M", help="Only this market.")
@timer_options
@common
@click.pass_obj
def scrape(shell: Shell, markets: tuple[str, ...], timed: bool, check: bool) -> int:
    """Poll the markets once and record what changed.

    One market failing never loses another's data; the exit code is 1 then, and the failure is named. A
    market whose plug-in does not load is named too, but is no failure unless it is asked for.

    \b
    Examples:
      hunter scrape
      hunter scrape --market vast --quiet      # from cron
    """

    async def work(hunter: Hunter, run: Recorded) -> tuple[Polled, ...]:
        polled = await hunter.scrape(markets, report=_reporter(shell))
        counts = {name: sum(getattr(poll, name) for poll in polled) for name in COUNTED}
        said = "; ".join(f"{poll.market}: {poll.error}" for poll in polled if poll.error)
        run.went(ok=not _code(polled, markets), counts=counts, error=said)
        return polled

    if check:
        return tell_found(shell)
    polled = run_job(shell, "scrape", work, timed=timed) or ()
    _tell_polls(shell, polled)
    if shell.json:
        shell.document({"markets": [_poll_json(poll) for poll in polled]})
    return _code(polled, markets)


def _code(polled: tuple[Polled, ...], asked: tuple[str, ...]) -> int:
    """The exit code of a poll: a plug-in that does not load is a failure only where it is asked for."""
    failed = [poll for poll in polled if poll.error is not None]
    if any(isinstance(poll.error, Misdirected) for poll in failed):
        return Misdirected.exit_code
    return 1 if any(asked or not isinstance(poll.error, MarketUnusable) for poll in failed) else 0


def _poll_json(poll: Polled) -> dict[str, Any]:
    return {
        "market": poll.market,
        "offers": poll.offers if poll.error is None else None,
        "appeared": poll.appeared,
        "changed": poll.changed,
        "gone": poll.gone,
        "rejected": poll.rejected,
        "complete": poll.complete,
        "seconds": round(poll.seconds, 3),
        "notes": list(poll.notes),
        "error": None if poll.error is None else str(poll.error),
    }


def _reporter(shell: Shell) -> Callable[[Progress], None]:
    """Progress on one line of a terminal; nothing in a log."""
    if not sys.stderr.isatty():
        return lambda progress: None

    def report(progress: Progress) -> None:
        of = f" of {progress.total}" if progress.total else ""
        shell.say(OVER + f"{progress.market}: {progress.done}{of} {progress.text}", nl=False)

    return report


def _tell_polls(shell: Shell, polled: tuple[Polled, ...]) -> None:
    clear = OVER if sys.stderr.isatty() else Marked()
    for poll in polled:
        if isinstance(poll.error, MarketUnusable):
            tell(clear + f"{poll.error}")
            continue
        if poll.error is not None:
            tell(clear + f"{poll.market}: failed: {poll.error}")
            if poll.error.remedy:
                tell(f"  → {poll.error.remedy}")
            continue
        whole = "" if poll.complete else ", incomplete: absence proves nothing"
        shell.say(
            clear
            + f"{poll.market}: {poll.offers} offers in {poll.seconds:.1f} s ({poll.appeared} new,"
            f" {poll.changed} changed, {poll.gone} gone{whole})"
        )
        if poll.rejected:
            shell.say(f"  {poll.rejected} records could not be read:")
            for record, reason in poll.rejections:
                shell.say(f"    {record}: {reason}")
        for note in poll.notes:
            shell.say(f"  {note}")


def _query(
    prices: Prices, gpu: Match | None, market: str | None, spot: bool | None,
    region: str | None, max_age_s: float | None, sort: str, avoid: tuple[str, ...],
) -> Query:  # fmt: skip
    from hunter.cost.filters import Query  # noqa: PLC0415  numpy, 0.1 s
    from hunter.values.offers import Tenancy  # noqa: PLC0415  with it

    tenancy = None
    if spot is not None:
        tenancy = Tenancy.INTERRUPTIBLE if spot else Tenancy.ON_DEMAND
    if market is not None and market not in prices.market_names():
        raise UsageError(
            f"No market is called {market!r}.",
            remedy=f"Known markets: {', '.join(prices.market_names())}.",
        )
    return Query(
        gpus=() if gpu is None else gpu.names,
        market=market,
        tenancy=tenancy,
        region=None if region is None else prices.facts.country(region) or region,
        max_age_s=max_age_s,
        avoid=avoid,
        sort=sort,
    )


@click.command()
@click.option("-w", "--workload", metavar="WORKLOAD", help="A TOML file, or a sample by its name.")
@click.option("-g", "--gpu", metavar="G", help="Only this GPU, as '4090' or 'H100 SXM'.")
@click.option("-m", "--market", metavar="M", help="Only this market.")
@click.option("--spot/--on-demand", default=None, help="Only this tenancy.")
@click.option("--region", metavar="R", help="Continent (EU), country (DE) or part of a place.")
@click.option(
    "-n", "--limit", metavar="N", type=click.IntRange(1, 100_000), default=20, show_default=True
)
@click.option(
    "--max-age",
    "max_age_s",
    type=DURATION,
    metavar="T",
    help="Leave out prices older than this, as 10m.",
)
@click.option("--sort", type=click.Choice(SORTS), default="run_usd", show_default=True)
@click.option("--avoid", type=click.Choice(list(FLAGS)), multiple=True, help="Leave these out.")
@click.option("--refresh", is_flag=True, help="Poll the markets for this workload first.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@common
@click.pass_obj
def deals(
    shell: Shell, workload: str | None, gpu: str | None, market: str | None, spot: bool | None,
    region: str | None, limit: int, max_age_s: float | None, sort: str, avoid: tuple[str, ...],
    refresh: bool, as_csv: bool,
) -> int:  # fmt: skip
    """Rank the recorded offers for a workload by what one run of it would cost.

    What a run costs counts hosts that never boot, the cold start, interruptions and every byte. Answers
    from the database; --refresh polls first. Unknown numbers are shown as ? and never win.

    \b
    Examples:
      hunter deals -w comfyui-flux
      hunter deals -w job.toml --gpu 4090 --spot --region EU --refresh
      hunter deals --sort run_high_usd --avoid unverified    # what a bad run costs
      hunter deals --json | jq '.deals[0]'
    """

    job = shell.workload(workload)
    if refresh:
        _refresh(shell, market, job)
    with shell.hunter() as hunter:
        meant = None if gpu is None else hunter.prices.gpus(gpu)
        if meant is not None and meant.family:
            shell.say(f"--gpu {meant}.")
        query = _query(hunter.prices, meant, market, spot, region, max_age_s, sort, avoid)
        found = hunter.deals(job, query, top=limit)
        _print_deals(shell, hunter.prices.stale_after_s, found, meant, as_csv=as_csv)
        if not len(found):
            raise hunter.advice.why_none(found, query)
    return 0


def _refresh(shell: Shell, market: str | None, job: Workload) -> None:
    async def work() -> tuple[Polled, ...]:
        async with shell.hunter() as hunter:
            names = (market,) if market else ()
            known = hunter.prices.sized(job).payload
            if not known.layers or known.weights_bytes is None:
                for problem in await hunter.learn_sizes(job):
                    shell.say(f"{problem} {problem.remedy}")
            return await hunter.scrape(names, workload=job, report=_reporter(shell))

    polled = wait_for(work())
    _tell_polls(shell, polled)
    if all(poll.error for poll in polled):
        raise MarketError("No market answered.", remedy="Try again without --refresh.")


def deal_json(deal: Deal, *, stale_after_s: float) -> dict[str, Any]:
    """A deal as scripts read it, in the order of NAMES; unknown is null."""
    fresh = deal.age_s <= stale_after_s
    said = {
        "offer": deal.offer.ref,
        "age_s": round(deal.age_s, 1),
        "seen_at": iso(deal.offer.seen_at),
        "stale": not fresh,
        "flags": list(deal.flags),
        "percentile": None,
        "launchable": deal.run_usd is not None and fresh,
    }
    return {name: said[name] if name in said else deal.named(name) for name in NAMES}


def _print_deals(
    shell: Shell, stale_after_s: float, found: Deals, meant: Match | None, *, as_csv: bool
) -> None:
    if shell.json or as_csv:
        rows = [deal_json(deal, stale_after_s=stale_after_s) for deal in found]
        if shell.json:
            answer: dict[str, Any] = {
                "as_of": iso(found.as_of),
                "workload": found.workload.name,
                "deals": rows,
            }
            if families := _families(found, meant):
                answer["gpu_families"] = families
            shell.document(answer)
        elif rows:
            shell.show(csv_text(rows).rstrip("\n"))
        return
    if not len(found):
        return
    headers = ["#", "offer", "GPU", "place", "run $", "low-high $", "age", "$/useful h", "all-in $/h",
               "cold start", "cold $", "boots", "cuts", "Mbps", "flags"]  # fmt: skip
    lines = [_deal_row(deal, stale_after_s) for deal in found]
    shell.show(table(headers, lines, left=(1, 2, 3)))
    job = found.workload
    shell.say(
        f"{found.fitting} of {found.considered} offers fit {job.name}: {job.run.hours:g} h with "
        f"{job.disk_gb:g} GB of disk. hunter explain OFFER shows a bill."
    )


def _families(found: Deals, meant: Match | None) -> dict[str, list[str]]:
    """Names of GPUs that were typed and mean several, and which."""
    families = {name: list(names) for name, names in found.workload.families.items()}
    if meant is not None and meant.family:
        families[meant.typed] = list(meant.names)
    return families


def _deal_row(deal: Deal, stale_after_s: float) -> list[str]:
    offer = deal.offer
    stale = " stale" if deal.age_s > stale_after_s else ""
    return [
        str(deal.rank),
        offer.ref,
        gpus(offer.gpu, offer.gpu_count),
        offer.location or "?",
        usd(deal.run_usd),
        f"{usd(deal.run_low_usd, 3)}-{usd(deal.run_high_usd, 3)}",
        duration(deal.age_s) + stale,
        usd(deal.useful_hour_usd),
        usd(deal.all_in_usd_h),
        duration(deal.cold_start_s),
        usd(deal.cold_start_usd),
        percent(deal.boot_chance),
        number(deal.interruptions, ".2f"),
        number(offer.inet_down_mbps),
        " ".join(deal.flags),
    ]
