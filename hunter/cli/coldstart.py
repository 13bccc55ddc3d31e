"""Commands about what travels and how long a start takes: size and coldstart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import asdict

from hunter.cli.options import KeyValues
from hunter.cli.output import marked, table
from hunter.cli.shell import Shell, common, wait_for
from hunter.values.errors import NothingMatches, UsageError
from hunter.values.words import duration, gpus, human, number, usd
from hunter.values.workload import Workload

if TYPE_CHECKING:
    from hunter.api.hunter import Hunter
    from hunter.cost.deal import Deal
    from hunter.payload.sizes import PayloadSize


@click.command()
@click.argument("ref")
@click.option("--offline", is_flag=True, help="Ask nobody: what was learnt before, with its age.")
@click.option("--refresh", is_flag=True, help="Ask again even if the last answer is young.")
@common
@click.pass_obj
def size(shell: Shell, ref: str, offline: bool, refresh: bool) -> int:
    """Show how much has to travel for an image or a model, without pulling it.

    REF is an image of any registry, hf:ORG/REPO[@REV][:GLOB], civitai:VERSION, s3://BUCKET/PREFIX, a web
    address, or a file. Logins are docker's own, HF_TOKEN, CIVITAI_API_TOKEN and the AWS variables. An
    answer of the last hour is not asked for again.

    \b
    Examples:
      hunter size vllm/vllm-openai:latest
      hunter size 'hf:black-forest-labs/FLUX.1-dev:*.safetensors'
      hunter size localhost:5000/team/app:v1 --json | jq .compressed_bytes
    """

    async def work() -> PayloadSize:
        async with shell.hunter() as hunter:
            return await hunter.size(ref, offline=offline, refresh=refresh)

    found = wait_for(work())
    if shell.json:
        shell.document(found.as_json())
    else:
        _print_size(shell, found)
    return 0


def _print_size(shell: Shell, found: PayloadSize) -> None:
    about = "about " if found.unpacked_is_estimate else ""
    age = f", learnt {duration(found.age_s)} ago" if found.age_s >= 1 else ""
    what = "layers" if found.kind == "image" else "files"
    shell.show(f"{found.ref}  ({found.digest[:19]}…{age})")
    shell.show(
        f"{human(found.compressed_bytes)} to fetch in {len(found.layers)} {what}, "
        f"{about}{human(found.unpacked_bytes)} on the disk"
    )
    if found.platform or found.cuda:
        cuda = f"; needs CUDA {found.cuda:g} or newer" if found.cuda else ""
        shell.show(f"{found.platform or 'platform unknown'}{cuda}")
    rows = [
        [
            str(number_),
            human(layer.compressed_bytes),
            ("~" if layer.unpacked_is_estimate else "") + human(layer.unpacked_bytes),
            layer.name or (layer.digest or "")[7:19],
            " ".join((layer.made_by or "").split())[:60],
        ]
        for number_, layer in enumerate(found.layers, 1)
    ]
    shell.show("\n" + table(["#", "to fetch", "on disk", what[:-1], "made by"], rows, left=(3, 4)))
    for warning in found.warnings:
        shell.show(marked("! ", fg="yellow") + warning)


HOST_KEYS = {
    "down_mbps": "link, megabits a second",
    "unpack_mb_s": "what one thread unpacks of gzip, MB a second",
    "write_mb_s": "what the disk takes, MB a second",
    "slots": "layers that download at once",
    "engine": "docker, containerd, containerd-parallel or podman",
}


@click.command()
@click.option("-w", "--workload", metavar="WORKLOAD", help="A TOML file, or a sample by its name.")
@click.option("--image", metavar="REF", help="An image instead of a workload.")
@click.option("--offer", metavar="OFFER", help="On this recorded offer; else on the best deal.")
@click.option("--host", type=KeyValues(HOST_KEYS), metavar="K=V,…", help="On a host described by hand: "
              "down_mbps=200,unpack_mb_s=150,write_mb_s=800,slots=3,engine=docker.")  # fmt: skip
@click.option("--why", is_flag=True, help="Show each belief: prior, evidence and what follows.")
@common
@click.pass_obj
def coldstart(
    shell: Shell, workload: str | None, image: str | None, offer: str | None,
    host: dict[str, str] | None, why: bool,
) -> int:  # fmt: skip
    """Show how long a start takes until the first useful second, phase by phase, and what it costs.

    Sizes that were never learnt are asked of their registry or hub first. Speeds are what our own
    launches measured, and until then priors that `data/coldstart.toml` names the sources of.

    \b
    Examples:
      hunter coldstart -w comfyui-flux
      hunter coldstart --image vllm/vllm-openai:latest --host down_mbps=500,engine=docker
      hunter coldstart -w comfyui-flux --offer vast:12345678 --why --json
    """
    if offer and host:
        raise UsageError("--offer and --host exclude each other.", remedy="Give one of them.")
    if image and workload:
        raise UsageError("--image and --workload exclude each other.", remedy="Give one of them.")
    job = shell.workload(workload)
    if image:
        job = Workload(name=image, image=image, disk_gb=job.disk_gb)

    async def work() -> Deal:
        async with shell.hunter() as hunter:
            await _learn(shell, hunter, job)
            if host is not None:
                return hunter.advice.by_hand(job, host)
            return _on_offer(hunter, job, offer)

    found = wait_for(work())
    if shell.json:
        shell.document(_coldstart_json(found, host, why=why))
    else:
        _print_coldstart(shell, found, host, why=why)
    return 0


async def _learn(shell: Shell, hunter: Hunter, job: Workload) -> None:
    """Ask for the sizes that were neither given nor ever learnt."""
    known = hunter.prices.sized(job).payload
    if known.image_bytes is not None and known.weights_bytes is not None:
        return
    problems = await hunter.learn_sizes(job)
    known = hunter.prices.sized(job).payload
    if problems and (known.image_bytes is None or known.weights_bytes is None):
        raise problems[0]
    for problem in problems:
        shell.say(f"{problem}")


def _on_offer(hunter: Hunter, job: Workload, offer: str | None) -> Deal:
    if offer is not None:
        return hunter.explain(offer, job)[0]
    best = hunter.deals(job, top=1)
    if not len(best):
        raise NothingMatches(
            f"No recorded offer fits {job.name}.",
            remedy="Run hunter scrape first, or describe a host with --host.",
        )
    return best[0]


def _coldstart_json(deal: Deal, host: dict[str, str] | None, *, why: bool) -> dict[str, Any]:
    document = {
        "offer": None if host is not None else deal.offer.ref,
        "workload": deal.workload.name,
        "phases": [asdict(phase) for phase in deal.phases],
        "seconds": deal.cold_start_s,
        "low_s": deal.cold_start_low_s,
        "high_s": deal.cold_start_high_s,
        "usd": None if host is not None else deal.cold_start_usd,
    }
    if why:
        document["beliefs"] = [asdict(belief) for belief in deal.beliefs()]
    return document


def _print_coldstart(shell: Shell, deal: Deal, host: dict[str, str] | None, *, why: bool) -> None:
    offer, job = deal.offer, deal.workload
    if host is not None:
        stated = ",".join(f"{key}={value}" for key, value in host.items())
        shell.show(f"{job.name} on a host with {stated}")
    else:
        shell.show(
            f"{job.name} on {offer.ref}: {gpus(offer.gpu, offer.gpu_count)}, "
            f"{offer.location or 'place unknown'}"
        )
    rows = [
        [
            p.phase,
            number(p.seconds, ".1f"),
            f"{number(p.low_s, '.1f')}–{number(p.high_s, '.1f')}",
            human(p.bytes_in) if p.bytes_in else "",
            "" if host is not None else " ".join(p.billed) or "nothing",
            "" if host is not None else usd(p.usd),
        ]
        for p in deal.phases
    ]
    rows.append(
        [
            "useful after",
            number(deal.cold_start_s, ".1f"),
            f"{number(deal.cold_start_low_s, '.1f')}–{number(deal.cold_start_high_s, '.1f')}",
            "",
            "",
            "" if host is not None else usd(deal.cold_start_usd),
        ]
    )
    headers = ["phase", "s", "80% within", "travels", "billed", "$"]
    shell.show(table(headers, rows, left=(0, 4)))
    if not job.payload.layers:
        shell.show(
            "\nThe image's layers are not known: they are taken to be as layers usually are. "
            f"hunter size {job.image} learns them."
        )
    if why:
        _print_why(shell, deal)


def _print_why(shell: Shell, deal: Deal) -> None:
    rows = [
        [
            b.quantity,
            number(b.prior, ".3g"),
            f"{b.n}, {b.n_machine} here" if b.n else "none",
            number(b.median, ".3g"),
            f"{number(b.low, '.3g')}–{number(b.high, '.3g')}",
            b.source,
        ]
        for b in deal.beliefs()
    ]
    headers = ["belief", "prior", "launches", "now", "80% within", "source of the prior"]
    shell.show("\n" + table(headers, rows, left=(0, 5)))
