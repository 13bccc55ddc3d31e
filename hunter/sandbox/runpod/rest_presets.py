"""RunPod's second REST interface on the embedded market: templates and registry logins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET, structs
from starlette.responses import Response

from hunter.sandbox.callers import Refused
from hunter.sandbox.runpod.belongings import Belongings
from hunter.sandbox.runpod.bodies import (
    ChangeTemplate,
    CreateRegistry,
    CreateTemplate,
    Problem,
    TemplateMounts,
    invalid,
    read,
    refusal,
    reply,
)

if TYPE_CHECKING:
    from starlette.requests import Request

    from hunter.sandbox.book import Page
    from hunter.sandbox.market import SandboxMarket
    from hunter.sandbox.runpod.stock import Stock

DISK_GB = 50
"""Of a container, where a template says nothing."""
SOURCES = ("official", "verified", "community")
SAME = {"name": "name", "image": "imageName", "args": "dockerArgs", "disk": "containerDiskInGb",
        "registry": "containerRegistryAuthId", "serverless": "isServerless", "public": "isPublic",
        "startSsh": "startSsh", "startJupyter": "startJupyter", "category": "category",
        "allowedCudaVersions": "allowedCudaVersions"}  # fmt: skip
"""What REST and GraphQL say in the same way under two names; templates are kept in GraphQL's."""


def kept(body: CreateTemplate | ChangeTemplate) -> dict[str, Any]:
    """A body as templates are kept: only what it says."""
    said = {
        name: value for name, value in structs.asdict(body).items()
        if value is not UNSET and (value is not None or name == "registry")
    }  # fmt: skip
    found = {SAME[name]: value for name, value in said.items() if name in SAME}
    if "env" in said:
        found["env"] = [{"key": name, "value": value} for name, value in said["env"].items()]
    if "ports" in said:
        found["ports"] = ",".join(said["ports"])
    mounts: TemplateMounts | None = said.get("mounts")
    if mounts is not None and mounts.persistent:
        found |= {"volumeInGb": mounts.persistent.size, "volumeMountPath": mounts.persistent.path}
    return found


def told(template: dict[str, Any]) -> dict[str, Any]:
    """A kept template as REST tells it."""
    usual = {"name": "", "image": "", "args": "", "disk": DISK_GB, "registry": None,
             "serverless": False, "public": False, "startSsh": True, "startJupyter": True,
             "category": "NVIDIA", "allowedCudaVersions": []}  # fmt: skip
    found: dict[str, Any] = {name: template.get(SAME[name], value) for name, value in usual.items()}
    size, path = template.get("volumeInGb"), template.get("volumeMountPath") or "/workspace"
    return found | {
        "id": template["id"],
        "registry": found["registry"] or None,
        "env": {pair["key"]: pair["value"] for pair in template.get("env") or ()},
        "ports": [port for port in (template.get("ports") or "").split(",") if port],
        "mounts": {"persistent": {"size": size, "path": path}} if size else {},
    }


class TemplatePaths:
    """/v2/templates and /v2/catalog/templates."""

    def __init__(self, market: SandboxMarket, stock: Stock) -> None:
        self.market = market
        self.belongings = Belongings(market, stock)

    async def listing(self, request: Request, key: str) -> Response:
        """The account's own."""
        with self.market.open() as page:
            known = self.belongings.templates(page, key).values()
            return reply({"templates": [told(template) for template in known]})

    async def catalog(self, request: Request, key: str) -> Response:
        """What others have made public: nothing here."""
        if request.query_params.get("source", SOURCES[0]) not in SOURCES:
            raise invalid(f"$.source: value must be one of {', '.join(map(repr, SOURCES))}")
        return reply({"templates": []})

    async def create(self, request: Request, key: str) -> Response:
        """Keep a template."""
        body = read(await request.body(), CreateTemplate)
        with self.market.open() as page:
            self._check_registry(page, key, body.registry)
            try:
                made = self.belongings.save_template(page, key, kept(body))
            except Refused as error:
                raise refusal(error) from error
            return reply(told(made), 201)

    async def get(self, request: Request, key: str) -> Response:
        """One template."""
        with self.market.open() as page:
            return reply(told(self._find(page, key, request)))

    async def change(self, request: Request, key: str) -> Response:
        """Change what is named; pods that were made from it stay as they are."""
        body = read(await request.body(), ChangeTemplate)
        with self.market.open() as page:
            template = self._find(page, key, request)
            self._check_registry(page, key, body.registry)
            try:
                self.belongings.save_template(page, key, template | kept(body))
            except Refused as error:
                raise refusal(error) from error
            return reply(told(self._find(page, key, request)))

    async def delete(self, request: Request, key: str) -> Response:
        """Forget a template that no pod is made from."""
        with self.market.open() as page:
            template = self._find(page, key, request)
            try:
                self.belongings.delete_template(page, key, template["id"])
            except Refused as error:
                raise refusal(error) from error
        return Response(status_code=204)

    def _find(self, page: Page, key: str, request: Request) -> dict[str, Any]:
        try:
            return self.belongings.template(page, key, request.path_params["id"])
        except Refused as error:
            raise Problem(404, "template not found") from error

    def _check_registry(self, page: Page, key: str, registry: Any) -> None:
        if registry:
            try:
                self.belongings.registry(page, key, registry)
            except Refused as error:
                raise Problem(400, str(error)) from error


class RegistryPaths:
    """/v2/registries. Removing what is missing is refused with 400: seen 2026-09-18, against the document."""

    def __init__(self, market: SandboxMarket, stock: Stock) -> None:
        self.market = market
        self.belongings = Belongings(market, stock)

    async def listing(self, request: Request, key: str) -> Response:
        """Every login, by name."""
        with self.market.open() as page:
            known = self.belongings.registries(page, key)
            return reply({"registries": [{"id": i, "name": name} for i, name in known.items()]})

    async def create(self, request: Request, key: str) -> Response:
        """Keep a login; what is secret of it is kept nowhere."""
        body = read(await request.body(), CreateRegistry)
        with self.market.open() as page:
            try:
                return reply(self.belongings.save_registry(page, key, body.name), 201)
            except Refused as error:
                raise refusal(error) from error

    async def get(self, request: Request, key: str) -> Response:
        """One login."""
        with self.market.open() as page:
            try:
                return reply(self.belongings.registry(page, key, request.path_params["id"]))
            except Refused as error:
                raise Problem(404, "registry not found") from error

    async def delete(self, request: Request, key: str) -> Response:
        """Forget a login that no pod's image is fetched with."""
        with self.market.open() as page:
            try:
                self.belongings.delete_registry(page, key, request.path_params["id"])
            except Refused as error:
                raise refusal(error) from error
        return Response(status_code=204)
