"""Bodies and parameters of RunPod's second REST interface, read strictly, and its refusals."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from hunter.sandbox.callers import Refused

TITLES = {400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden",
          404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 422: "Unprocessable Entity",
          429: "Too Many Requests", 500: "Internal Server Error"}  # fmt: skip
STATUS_OF = {"balance": 402, "locked": 409}
"""Other refusals of the market are 400: a lack of stock shares it with broken rules."""
ACTIONS = ("start", "stop", "restart", "terminate")

Text = Annotated[str, Meta(min_length=1)]
Positive = Annotated[int, Meta(ge=1)]
Cuda = Annotated[str, Meta(pattern=r"^\d+\.\d+$")]
PublicKey = Annotated[str, Meta(pattern=r"^(ssh|ecdsa|sk)-[^\s]+ [^\s]+([ \t][^\n\r]*)?$")]
Size = Annotated[int, Meta(ge=10, le=4096)]
Tier = Literal["STANDARD", "HIGH_PERFORMANCE"]
Category = Literal["CPU", "NVIDIA", "AMD"]
Body = TypeVar("Body")
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
EARLIEST, LATEST = 946_684_800.0, 4_102_444_800.0
"""Times before 2000 and after 2100 are taken as those years' beginnings: nobody is charged outside."""


class Problem(Exception):
    """A refusal: its status and its document."""

    def __init__(self, status: int, detail: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.headers: dict[str, str] = {}
        self.document: dict[str, Any] = {
            "title": TITLES[status], "status": status, "detail": detail
        }  # fmt: skip
        if errors:
            self.document["errors"] = list(errors)


def refusal(error: Refused) -> Problem:
    """The market's no as a Problem."""
    return Problem(STATUS_OF.get(error.code, 400), str(error))


def reply(document: Any, status: int = 200) -> Response:
    """A JSON document."""
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def invalid(*errors: str) -> Problem:
    """A body or parameter that is not what the document says."""
    return Problem(422, "Request validation failed.", errors)


class Persistent(Struct, forbid_unknown_fields=True, kw_only=True):
    """A volume on the pod's own host."""

    size: Annotated[int, Meta(ge=10)]
    path: str


class Network(Struct, forbid_unknown_fields=True, kw_only=True):
    """A network volume, attached."""

    volumeId: str
    path: str


class Mounts(Struct, forbid_unknown_fields=True, kw_only=True):
    """Storage of a pod: one kind, or none."""

    persistent: Persistent | UnsetType = UNSET
    network: Annotated[list[Network], Meta(max_length=1)] | UnsetType = UNSET


class Gpus(Struct, forbid_unknown_fields=True, kw_only=True):
    """GPUs of a pod. The two shares are newer than the vendor's document, and sent by clients."""

    id: str
    count: Positive = 1
    allowedCudaVersions: list[Cuda] = []
    minCudaVersion: Cuda | None = None
    minVcpuCountPerGpu: Positive | None = None
    minRamPerGpu: Positive | None = None


class CreatePod(Struct, forbid_unknown_fields=True, kw_only=True):
    """POST /v2/pods. `entrypoint` and `cmd` are newer than the vendor's document, and sent by clients."""

    name: Text
    image: Text | None = None
    templateId: Text | None = None
    gpu: Gpus | None = None
    cpu: dict[str, Any] | None = None
    cloud: Literal["SECURE", "COMMUNITY"] = "SECURE"
    dataCenterIds: list[str] = []
    disk: Positive | None = None
    mounts: Mounts | None = None
    env: dict[str, str] = {}
    ports: list[str] | None = None
    args: str | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    registry: str | None = None
    globalNetworking: bool = False
    startSsh: bool = False
    startJupyter: bool = False


class ChangePod(Struct, forbid_unknown_fields=True, kw_only=True):
    """PATCH /v2/pods/{id}: what is left out stays."""

    name: Text | None = None
    image: Text | None = None
    args: str | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    env: dict[str, str] | None = None
    ports: list[str] | None = None
    locked: bool | None = None
    disk: Positive | None = None
    mounts: Mounts | None = None
    registry: str | None = None
    templateId: Text | None = None
    globalNetworking: bool | None = None


class TemplateMounts(Struct, forbid_unknown_fields=True, kw_only=True):
    """Storage of a template: a volume on the pod's own host, or none."""

    persistent: Persistent | UnsetType = UNSET


class CreateTemplate(Struct, forbid_unknown_fields=True, kw_only=True):
    """POST /v2/templates."""

    name: Text
    image: Text
    args: str | None = None
    disk: Positive | None = None
    mounts: TemplateMounts | None = None
    env: dict[str, str] = {}
    ports: list[str] = []
    registry: str | None = None
    category: Category = "NVIDIA"
    public: bool = False
    serverless: bool = False
    startSsh: bool = True
    startJupyter: bool = True
    allowedCudaVersions: list[Cuda] = []


class ChangeTemplate(Struct, forbid_unknown_fields=True, kw_only=True):
    """PATCH /v2/templates/{id}: what is left out stays."""

    name: Text | None = None
    image: Text | None = None
    args: str | None = None
    disk: Positive | None = None
    mounts: TemplateMounts | None = None
    env: dict[str, str] | None = None
    ports: list[str] | None = None
    registry: str | UnsetType | None = UNSET
    category: Category | None = None
    public: bool | None = None
    serverless: bool | None = None
    startSsh: bool | None = None
    startJupyter: bool | None = None
    allowedCudaVersions: list[Cuda] | None = None


class CreateRegistry(Struct, forbid_unknown_fields=True, kw_only=True):
    """POST /v2/registries."""

    name: Text
    username: Text
    password: Text


class SshKeys(Struct, forbid_unknown_fields=True, kw_only=True):
    """PUT /v2/account/ssh-keys: the whole set."""

    keys: list[PublicKey]


class CreateVolume(Struct, forbid_unknown_fields=True, kw_only=True):
    """POST /v2/network-volumes."""

    name: Text
    size: Size
    dataCenter: Text
    type: Tier = "STANDARD"


class ChangeVolume(Struct, forbid_unknown_fields=True, kw_only=True):
    """PATCH /v2/network-volumes/{id}."""

    name: Text | None = None
    size: Size | None = None


def read(body: bytes, kind: type[Body]) -> Body:
    """A body of a kind; Problem 422 names the place that is wrong."""
    try:
        return msgspec.json.decode(body or b"null", type=kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at ")
        raise invalid(f"{path.strip('`') or '$'}: {text}") from error
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"request body is not JSON: {error}") from error


def read_action(body: bytes) -> str:
    """What is asked of a pod."""
    action: str | None = read(body, dict[str, Any]).get("action")
    if action not in ACTIONS:
        known = ", ".join(f"'{name}'" for name in ACTIONS)
        raise invalid(f"$.action: value must be one of {known}")
    return action


def listed(request: Request, name: str) -> list[str]:
    """A parameter of several values with commas between; one or more, or none."""
    return [part for part in request.query_params.get(name, "").split(",") if part]


def count_of(request: Request, name: str, usual: int, least: int = 1) -> int:
    """A whole number among the parameters."""
    text = request.query_params.get(name, "")
    if not text:
        return usual
    if not re.fullmatch(r"[0-9]{1,15}", text) or int(text) < least:
        raise invalid(f"$.{name}: must be a whole number of at least {least}")
    return int(text)


def cursor(row: int) -> str:
    """Where the next page begins, as opaque text."""
    return base64.urlsafe_b64encode(f"row:{row}".encode()).decode()


def cursor_of(request: Request) -> int:
    """The row that a page begins with."""
    said = request.query_params.get("cursor", "")
    if not said:
        return 0
    try:
        text = base64.b64decode(said, altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise Problem(400, "invalid cursor") from error
    if not re.fullmatch(r"row:[0-9]{1,9}", text):
        raise Problem(400, "invalid cursor")
    return int(text.removeprefix("row:"))


def moment_of(request: Request, name: str) -> float | None:
    """A time among the parameters, unix seconds."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise invalid(f"$.{name}: {text!r} is no RFC 3339 time") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not EARLIEST_YEAR <= moment.year < LATEST_YEAR:
        return EARLIEST if moment.year < EARLIEST_YEAR else LATEST
    return moment.timestamp()
