"""Values from one readable line: `offer("RTX 4090 $0.30/h bid")`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import structs

from hunter.estimate.assumptions import Assumptions
from hunter.estimate.risk import CALM
from hunter.facts.shipped import shipped
from hunter.values.billing import METERS, Cell, HostPriors, MarketRules
from hunter.values.coldstart_facts import Client, ColdStartFacts, PlanFacts, RunShare
from hunter.values.figures import Figure, Prior, Share
from hunter.values.offers import Offer, Tenancy
from hunter.values.risk_facts import RiskFacts
from hunter.values.workload import Fetch, GpuNeed, Limits, Payload, Run, Start, Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE = re.compile(
    r"^(?:(?P<count>\d+)x )?(?P<gpu>.+?) \$(?P<price>[\d.]+)/h(?P<bid> bid)?(?: #(?P<id>\S+))?$"
)
NOW = 1_790_000_000.0


def offer(line: str, **facts: Any) -> Offer:
    """An offer on Vast with plain facts: 24 GB, 800 Mbps, $0.144/GB-month, traffic $0.01/GB."""
    found = _LINE.match(line)
    assert found, line
    plain = Offer(
        market="vast",
        offer_id=found["id"] or "1",
        machine_id="m1",
        host_id="h1",
        tenancy=Tenancy.INTERRUPTIBLE if found["bid"] else Tenancy.ON_DEMAND,
        gpu=found["gpu"],
        market_gpu=found["gpu"],
        location="Ohio, US",
        country="US",
        region="NA",
        gpu_count=int(found["count"] or 1),
        vram_gb=24.0,
        disk_gb=500.0,
        inet_down_mbps=800.0,
        price_usd_h=float(found["price"]),
        storage_usd_gb_month=0.144,
        storage_stopped_usd_gb_month=0.144,
        inet_down_usd_gb=0.01,
        inet_up_usd_gb=0.01,
        reliability=0.99,
        seen_at=NOW,
    )
    return structs.replace(plain, **facts)


def payload(image: float | None, weights: float | None) -> Payload:
    """So many bytes of image, and of weights fetched at start; 0 weights are baked."""
    fetches = (Fetch(ref="hf:org/model", kind="huggingface", n_bytes=weights),)
    return Payload(image_bytes=image, fetches=() if weights == 0 else fetches)


def workload(**changes: Any) -> Workload:
    """One hour on one GPU: 10 GB image, 20 GB of weights, 100 GB of disk."""
    plain = Workload(
        name="job",
        image="example/job:1",
        disk_gb=100.0,
        gpu=GpuNeed(),
        run=Run(hours=1.0, interruptible=True),
        limits=Limits(max_usd_h=5.0, max_usd_run=5.0, ttl_h=2.0),
        payload=payload(10e9, 20e9),
        start=Start(boot_s=0.0, load_gb_s=1e9, warmup_s=0.0),
    )
    return structs.replace(plain, **changes)


def exactly(value: float) -> Prior:
    """A prior without any doubt."""
    return Prior(low=value, expected=value, high=value, source="test")


def figure(value: float) -> Figure:
    """A number of nobody's."""
    return Figure(expected=value, source="test")


def rules(
    *, pull_billed: bool, traffic_billed: bool = True, name: str = "vast", **changes: Any
) -> MarketRules:
    """Billing rules with a 720 h month: 10 s to allocate, 20 s to start, half of the link arrives."""

    def cell(billed: bool) -> Cell:
        return Cell(billed=billed, source="test", date="2026-01-01", status="assumed")

    def row(gpu: bool) -> dict[Any, Cell]:
        meters = {"gpu": gpu, "disk": True, "bandwidth": traffic_billed}
        return {meter: cell(meters[meter]) for meter in METERS}

    before = ("allocate", "download", "unpack", "start")
    plain = MarketRules(
        name=name,
        title=name.title(),
        month_h=720.0,
        bandwidth_bytes_per_gb=1e9,
        phases={phase: row(pull_billed) for phase in before}
        | {"running": row(True), "stopped": row(False)},
        priors=HostPriors(
            allocate_s=exactly(10),
            start_s=exactly(20),
            link_share=exactly(0.5),
            link_mbps=exactly(400),
        ),
    )
    return structs.replace(plain, **changes)


def risks(**figures: float | Prior) -> RiskFacts:
    """What goes wrong anywhere: nothing, but for these."""
    kinds = {"dud_gpu_share": Share, "dud_bytes_share": Share, "slice_below": Share}
    return structs.replace(CALM, **{
        name: value if isinstance(value, Prior) else kinds.get(name, Figure)(expected=value)
        for name, value in figures.items()
    })  # fmt: skip


ENDLESS = 1e12


def coldstart_facts(
    *,
    held: float | None = None,
    client: Prior | None = None,
    clients: Mapping[str, Prior] | None = None,
    run_share: Prior | None = None,
    run_share_scaled: Prior | None = None,
    plan: PlanFacts | None = None,
    **pull: Prior,
) -> ColdStartFacts:
    """Hosts where only the link takes time: whatever else there is goes at 10^12 MB/s.

    Args:
        held: the chance that an image of ours is still there.
        client: what the downloader of Hugging Face's models takes at most.
        clients: what others take, by the kind of weights.
        run_share: the hours of a run by those that were stated, on the GPU that they were stated for.
        run_share_scaled: and on others.
        plan: what moves again after a change.
        pull: figures of the pull.
    """
    plain, endless, none = shipped().coldstart, exactly(ENDLESS), exactly(1 / ENDLESS)
    speeds = ("unpack_mb_s", "connection_mb_s", "write_share", "write_mb_s")
    fast = dict.fromkeys(speeds, endless) | {"layer_s": none, "file_s": none} | pull
    takes = dict.fromkeys(("civitai", "s3", "url"), endless) | {"huggingface": client or endless}
    takes |= clients or {}
    return structs.replace(
        plain,
        pull=structs.replace(plain.pull, **fast),
        client=Client(file_s=none, **takes),
        run_share=RunShare(
            reference=run_share or exactly(1), scaled=run_share_scaled or exactly(1)
        ),
        plan=plan or plain.plan,
        held=plain.held if held is None else structs.replace(plain.held, ours=Share(expected=held)),
    )


def assumptions(*rule: MarketRules, **changes: Any) -> Assumptions:
    """Assumptions with these rules and no evidence."""
    plain = Assumptions(rules={r.name: r for r in rule}, coldstart_facts=coldstart_facts())
    return structs.replace(plain, **changes)
