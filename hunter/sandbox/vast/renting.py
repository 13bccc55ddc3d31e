"""Creates at Vast: what their bodies may say, and what becomes of each."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.responses import PlainTextResponse, Response

from hunter.sandbox.callers import Refused
from hunter.sandbox.rental import Rental
from hunter.sandbox.vast.belongings import template_of
from hunter.sandbox.vast.doors import reply
from hunter.sandbox.vast.params import LARGEST, invalid_args, number, text
from hunter.sandbox.vast.query import search

if TYPE_CHECKING:
    from starlette.requests import Request

    from hunter.sandbox.book import Page
    from hunter.sandbox.vast.doors import VastDoors
    from hunter.sandbox.vast.offers import VastOffers

MIN_DISK_GB = 8.0
BIDS_USD_H = (0.001, 128.0)
LABEL_MOST = 256
START_MOST = 4096
"""Characters of onstart and args together."""
ENV_VALUE_MOST, ENV_MOST = 256, 32768
RUNTYPES = {"ssh", "jupyter", "args", "ssh_proxy", "ssh_direct", "ssh_direc", "jupyter_proxy",
            "jupyter_direct", "jupyter_direc"}  # fmt: skip
"""The words of a runtype; the vendor's own client joins several with blanks, and misspells two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a create asks for, checked."""

    image: str
    disk_gb: float
    bid_usd_h: float | None
    """All GPUs together; None on demand."""
    label: str | None
    runtype: str
    onstart: str | None
    args: list[str]
    env: dict[str, str] = field(default_factory=dict)
    template: str | None = None
    cancel_unavail: bool
    """Rather nothing than an instance that does not start."""
    stopped: bool
    """Create it stopped."""


def read_order(body: dict[str, Any], template: dict[str, Any] | None = None) -> Order:
    """A create's body, on top of its template's; Refused where the service would refuse it."""
    base = template or {}
    said = {name: value for name, value in body.items() if value is not None}
    image = said.get("image") or base.get("image")
    if not image:
        raise invalid_args("'image' is required")
    if not text(image, "image").strip():
        raise Refused("invalid_args", "error 400/3467: Invalid args: the image has no name")
    price = said.get("price")
    bid = None if price is None else _bid(price)
    args = _args(said)
    runtype = said.get("runtype") or base.get("runtype") or ("args" if args else "ssh")
    onstart = said.get("onstart", base.get("onstart"))
    onstart = None if onstart is None else text(onstart, "onstart")
    if len(onstart or "") + sum(map(len, args)) > START_MOST:
        raise invalid_args(f"onstart and args are longer than {START_MOST} characters")
    label = said.get("label")
    stopped = said.get("target_state") == "stopped"
    return Order(
        image=image,
        disk_gb=_disk(said.get("disk", base.get("recommended_disk_space"))),
        bid_usd_h=bid,
        label=None if label is None else text(label, "label", LABEL_MOST),
        runtype=_runtype(runtype),
        onstart=onstart,
        args=args,
        env=_env(base.get("env")) | _env(said.get("env")),
        template=base.get("hash_id"),
        cancel_unavail=bool(said.get("cancel_unavail", bid is None and not stopped)),
        stopped=stopped,
    )


def _bid(price: Any) -> float:
    low, high = BIDS_USD_H
    bid = number(price, "price")
    if bid < low:
        raise Refused("invalid_price", f"Please set a bid price >= {low}.")
    if bid > high:
        raise Refused("invalid_price", f"Please set a bid price <= {high}.")
    return bid


def _disk(said: Any) -> float:
    if said is None:
        return MIN_DISK_GB
    disk_gb = number(said, "disk")
    if disk_gb <= 0:
        raise invalid_args("disk must be more than 0")
    return max(MIN_DISK_GB, disk_gb)


def _runtype(said: Any) -> str:
    words = text(said, "runtype").split()
    if not words or not {*words} <= RUNTYPES:
        raise invalid_args(f"runtype {said!r} is not known")
    return " ".join(words)


def _args(said: dict[str, Any]) -> list[str]:
    args = said.get("args")
    if args is None:
        line = said.get("args_str")
        return [] if not line else text(line, "args_str").split()
    if not isinstance(args, list):
        raise invalid_args("args must be a list")
    return [text(arg, "args") for arg in args]


def _env(said: Any) -> dict[str, str]:
    """Variables and ports of a mapping. A line of docker's flags is dropped in silence, as it is there."""
    if not isinstance(said, dict):
        return {}
    env = {str(name): str(value) for name, value in said.items()}
    if any(len(value) > ENV_VALUE_MOST for value in env.values()):
        raise invalid_args(f"a value of env is longer than {ENV_VALUE_MOST} characters")
    if sum(len(name) + len(value) for name, value in env.items()) > ENV_MOST:
        raise invalid_args(f"env is longer than {ENV_MOST} characters")
    return env


class VastRenting:
    """The paths that create instances."""

    def __init__(self, doors: VastDoors, offers: VastOffers) -> None:
        self.doors = doors
        self.offers = offers
        self.market = doors.market

    async def create(self, request: Request) -> Response:
        """PUT asks/ID: rent an offer."""
        account = self.doors.account(request)
        self.doors.pace(request, "create")
        body = await self.doors.body(request)
        with self.market.open() as page:
            rental = self.rent(page, account, request.path_params["ask"], body)
        return self._told(rental)

    async def launch(self, request: Request) -> Response:
        """Search and rent in one."""
        account = self.doors.account(request)
        body = await self.doors.body(request)
        with self.market.open() as page:
            found = search(self.offers.shown(page), body.get("q") or {}, 1)
            if not len(found.rows):
                raise Refused("no_such_ask", "No offers matched the query.")
            ask = int(found.columns["id"][found.rows[0]])
            rental = self.rent(page, account, ask, body)
        return self._told(rental)

    def _told(self, rental: Rental) -> Response:
        if self.market.faults.active("create-lost", "vast"):
            return PlainTextResponse("Bad Gateway", 502)
        return reply({
            "success": True, "new_contract": rental.number, "instance_api_key": rental.own_key,
        })  # fmt: skip

    def rent(self, page: Page, account: str, ask: int, body: dict[str, Any]) -> Rental:
        """The instance that a create makes; Refused where it makes none, or one that is stopped."""
        market, shown = self.market, self.offers.shown(page)
        order = read_order(body, template_of(market.accounts.of(page, account), body))
        rows = np.flatnonzero(shown["id"] == min(ask, LARGEST))
        if not len(rows) or market.faults.active("no-such-ask", "vast"):
            raise Refused(
                "no_such_ask",
                f"error 404/3603: no_such_ask  Instance type by id {ask} is not available.",
            )
        broke = market.accounts.balance_usd(page, account, market.now()) <= 0
        if broke or market.faults.active("no-credit", "vast"):
            raise Refused("no-credit", "Your account lacks credit; see the billing page.")
        row = int(rows[0])
        if order.disk_gb > shown["disk_space"][row]:
            raise invalid_args("disk space exceeds the offer")
        low = order.bid_usd_h is not None and order.bid_usd_h < shown["min_bid"][row] - 1e-9
        if low and order.cancel_unavail:
            raise Refused(
                "ask_unavailable",
                f"error 410/3907: no_such_ask Instance type {ask} is no longer available.",
            )
        rental = market.renting.add(page, self._rental(page, account, order, shown, row))
        if low or order.stopped:
            market.renting.stop(rental)
        if low:
            told = "Bid is below the minimum; the instance was created stopped."
            raise Refused("invalid_args", told, rental)
        return rental

    def _rental(
        self, page: Page, account: str, order: Order, shown: dict[str, Any], row: int
    ) -> Rental:
        """The contract, its rates frozen."""
        now = self.market.now()
        dearer = 1.1 if self.market.faults.active("dearer", "vast") else 1.0
        bid = None if order.bid_usd_h is None else order.bid_usd_h * dearer
        return Rental(
            number=page.next_number,
            market="vast",
            account=account,
            own_key=secrets.token_hex(32),
            machine=int(shown["machine"][row]),
            gpu=str(shown["gpu_name"][row]),
            gpu_count=int(shown["num_gpus"][row]),
            image=order.image,
            label=order.label,
            env=order.env,
            runtype=order.runtype,
            onstart=order.onstart,
            args=order.args,
            template=order.template,
            disk_gb=order.disk_gb,
            bid_usd_h=bid,
            gpu_usd_h=float(shown["price_usd_h"][row]) * dearer,
            storage_usd_gb_month=float(shown["storage_cost"][row]),
            storage_stopped_usd_gb_month=float(shown["storage_cost"][row]),
            down_usd_gb=float(shown["inet_down_cost"][row]),
            up_usd_gb=float(shown["inet_up_cost"][row]),
            created_at=now,
            end_at=float(shown["end_date"][row]),
            bids=[] if bid is None else [(now, bid)],
        )
