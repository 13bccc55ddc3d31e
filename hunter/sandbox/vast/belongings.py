"""What an account at Vast has beside instances: public keys, templates, volumes."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from hunter.sandbox.callers import Refused
from hunter.sandbox.vast.doors import iso, reply
from hunter.sandbox.vast.params import (
    asked_json,
    asked_number,
    invalid_args,
    narrowed,
    number,
    selected,
    text,
    whole,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from hunter.sandbox.book import Account
    from hunter.sandbox.vast.doors import VastDoors

Template = dict[str, Any]
TEMPLATE_COLUMNS = frozenset(
    """
    creator_id created_at count_created default_tag docker_login_repo id image jup_direct hash_id name
    recent_create_date recommended_disk_space recommended ssh_direct tag use_ssh
    """.split()  # noqa: SIM905  a list of names is read more easily so
)
"""What templates can be searched by."""
SECRET = ("docker_login_pass", "docker_login_user")
"""Parts of a template that are kept nowhere."""


def templates(account: Account) -> dict[str, Template]:
    """Templates by number."""
    found: dict[str, Template] = account.extras.setdefault("vast_templates", {})
    return found


def template_of(account: Account, body: dict[str, Any]) -> Template | None:
    """The template that a create names; None where it names none, Refused where there is no such."""
    for name, key in (("template_hash_id", "hash_id"), ("template_id", "id")):
        wanted = body.get(name)
        if wanted is not None:
            for template in templates(account).values():
                if template[key] == wanted:
                    return template
            raise invalid_args(f"{name} {wanted!r} is no template")
    return None


def _made(account: Account, what: str) -> int:
    """The next number of a kind; none is ever used twice."""
    made: int = account.extras.get(what, 0) + 1
    account.extras[what] = made
    return made


class VastBelongings:
    """Their paths."""

    def __init__(self, doors: VastDoors) -> None:
        self.doors = doors
        self.market = doors.market

    # ── public keys ──────────────────────────────────────────────────────────────────────────

    @staticmethod
    def _key_row(account: Account, number: str, key: str, at: float) -> dict[str, Any]:
        return {"id": int(number), "user_id": account.number, "key": key, "public_key": key,
                "created_at": iso(at), "deleted_at": None}  # fmt: skip

    async def ssh_keys(self, request: Request) -> Response:
        """The account's public keys; the service calls none of them not found."""
        key = self.doors.account(request)
        with self.market.open() as page:
            account = self.market.accounts.of(page, key)
            rows = [
                self._key_row(account, n, said, account.opened_at)
                for n, said in account.ssh_keys.items()
            ]
        return reply(rows)

    async def _said_key(self, request: Request) -> str:
        body = await self.doors.body(request)
        said = body.get("ssh_key")
        if not isinstance(said, str) or not said.strip():
            raise Refused("no_ssh_key", "No ssh key provided")
        return said

    async def add_ssh_key(self, request: Request) -> Response:
        """Add a public key, to the account and to all that it runs."""
        key = self.doors.account(request)
        said = await self._said_key(request)
        with self.market.open() as page:
            account = self.market.accounts.of(page, key)
            n = str(_made(account, "vast_ssh_keys"))
            account.ssh_keys[n] = said
            for rental in page.rentals:
                if rental.account == key and rental.market == "vast":
                    rental.ssh_keys[n] = said
            row = self._key_row(account, n, said, self.market.now())
        return reply({"success": True, "key": row})

    async def change_ssh_key(self, request: Request) -> Response:
        """Another text for a public key."""
        key = self.doors.account(request)
        n = str(request.path_params["number"])
        said = await self._said_key(request)
        with self.market.open() as page:
            account = self.market.accounts.of(page, key)
            if n not in account.ssh_keys:
                raise Refused("no_ssh_key", "No ssh key provided")
            account.ssh_keys[n] = said
            row = self._key_row(account, n, said, self.market.now())
        return reply({"success": True, "key": row})

    async def drop_ssh_key(self, request: Request) -> Response:
        """Remove a public key."""
        key = self.doors.account(request)
        with self.market.open() as page:
            account = self.market.accounts.of(page, key)
            if account.ssh_keys.pop(str(request.path_params["number"]), None) is None:
                raise Refused("no_ssh_key", "No ssh key provided")
        return reply({"success": True})

    # ── templates ────────────────────────────────────────────────────────────────────────────

    async def search_templates(self, request: Request) -> Response:
        """The account's templates that meet the conditions."""
        key = self.doors.account(request)
        params = request.query_params
        filters = asked_json(params, "select_filters", dict[str, Any], {})
        columns = asked_json(params, "select_cols", list[str], ["*"])
        with self.market.open() as page:
            known = [dict(t) for t in templates(self.market.accounts.of(page, key)).values()]
        found = selected(known, filters, TEMPLATE_COLUMNS)
        return reply({"success": True, "templates_found": len(found),
                      "templates": narrowed(found, columns)})  # fmt: skip

    async def create_template(self, request: Request) -> Response:
        """Keep a template; one of the same content is answered with itself."""
        key = self.doors.account(request)
        body = _checked(await self.doors.body(request))
        for name in ("name", "image"):
            if not body.get(name):
                raise invalid_args(f"Template {name} is required")
        with self.market.open() as page:
            account = self.market.accounts.of(page, key)
            known = templates(account)
            same = next((t for t in known.values() if t["hash_id"] == _hash(body)), None)
            if same is None:
                made = _made(account, "vast_templates_made")
                same = _template(body, account.number * 1000 + made, account, self.market.now())
                known[str(same["id"])] = same
            template = dict(same)
        told = f"Template Created Successfully! New Template ID: {template['id']}"
        return reply({"success": True, "msg": told, "template": template})

    async def change_template(self, request: Request) -> Response:
        """Change what is named in a template: its hash becomes another, its number stays."""
        key = self.doors.account(request)
        body = _checked(await self.doors.body(request))
        with self.market.open() as page:
            account = self.market.accounts.of(page, key)
            old = _named(account, body)
            content = {n: v for n, v in (old | body).items() if n not in ("id", "hash_id")}
            new = _template(content, old["id"], account, self.market.now())
            templates(account)[str(old["id"])] = new
            template = dict(new)
        return reply({"success": True, "template": template})

    async def drop_template(self, request: Request) -> Response:
        """Forget a template."""
        key = self.doors.account(request)
        body = await self.doors.body(request)
        with self.market.open() as page:
            account = self.market.accounts.of(page, key)
            del templates(account)[str(_named(account, body)["id"])]
        return reply({"success": True, "msg": "Template deleted."})

    # ── volumes ──────────────────────────────────────────────────────────────────────────────

    async def volumes(self, request: Request) -> Response:
        """The account's volumes: none are rented here."""
        self.doors.account(request)
        return reply({"volumes": []})

    async def drop_volume(self, request: Request) -> Response:
        """Release a volume: there is none."""
        self.doors.account(request)
        if not request.query_params.get("id"):
            raise invalid_args("Please provide a valid volume ID.")
        asked_number(request.query_params, "id", 0)
        raise Refused("not_found", "Volume with that ID does not exist.")

    async def search_volumes(self, request: Request) -> Response:
        """Volumes for sale: none are here."""
        await self.doors.body(request)
        return reply({"offers": []})


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    """A template's body without what it leaves open; Refused where a part is of the wrong kind."""
    found = {n: v for n, v in body.items() if v is not None and n not in SECRET}
    for name in ("name", "image", "tag", "onstart", "runtype", "desc", "readme"):
        if name in found:
            text(found[name], name)
    if "recommended_disk_space" in found:
        number(found["recommended_disk_space"], "recommended_disk_space")
    return found


def _hash(content: dict[str, Any]) -> str:
    """The name that a template has by its content."""
    told = {n: v for n, v in content.items() if n in ("name", "image", "tag", "env", "onstart",
            "runtype", "desc", "recommended_disk_space", "extra_filters", "readme")}  # fmt: skip
    return sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()[:32]


def _template(content: dict[str, Any], number: int, account: Account, now: float) -> dict[str, Any]:
    usual: Template = {"tag": "latest", "env": None, "onstart": None, "runtype": "args", "desc": "",
             "ssh_direct": False, "jup_direct": False, "use_ssh": False, "private": True,
             "recommended": False, "recommended_disk_space": 8.0, "extra_filters": {},
             "count_created": 0, "created_at": now, "recent_create_date": now}  # fmt: skip
    return usual | content | {
        "id": number, "hash_id": _hash(content), "creator_id": account.number,
    }  # fmt: skip


def _named(account: Account, body: dict[str, Any]) -> Template:
    """The template that a change or a removal means; Refused where there is none."""
    known = templates(account).values()
    if body.get("hash_id") is not None:
        found = [t for t in known if t["hash_id"] == body["hash_id"]]
    elif (said := body.get("template_id", body.get("id"))) is not None:
        found = [t for t in known if t["id"] == whole(said, "template_id")]
    else:
        raise invalid_args("template_id is required")
    if not found:
        raise Refused("not_found", "Template not found.")
    return found[0]
