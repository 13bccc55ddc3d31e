"""One repository of one registry over the distribution API v2: addresses, tokens, what refusals mean."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import msgspec

from hunter.payload.challenges import Challenge, challenges
from hunter.payload.documents import parsed
from hunter.payload.http import (
    PayloadHttp,
    Reply,
    failing,
    rate_limited,
    same_server,
    web_address,
)
from hunter.payload.manifests import ACCEPT, DIGEST
from hunter.payload.refs import IMAGE_SCHEMES
from hunter.values.errors import PayloadError, PayloadUnreachable, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.payload.docker_login import Login

HUB = "docker.io"
_HUB_SERVER = "registry-1.docker.io"
_HUB_ALIASES = ("index.docker.io", _HUB_SERVER)
_NAME = re.compile(
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?")
LONGEST_TOKEN = 16_384
"""Characters; tokens that carry many rights have some 4,000."""
_USABLE = re.compile(rf"[!-~]{{1,{LONGEST_TOKEN}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """Where an image is: registry, repository, and tag or digest."""

    registry: str
    name: str
    reference: str
    plain_http: bool = False

    def __str__(self) -> str:
        mark = "@" if DIGEST.fullmatch(self.reference) else ":"
        return f"{self.registry}/{self.name}{mark}{self.reference}"

    @property
    def base_urls(self) -> tuple[str, ...]:
        """The servers to try, in order: only this machine may answer without encryption unasked."""
        server = _HUB_SERVER if self.registry == HUB else self.registry
        if self.plain_http:
            return (f"http://{server}",)
        return (
            (f"https://{server}", f"http://{server}") if is_here(server) else (f"https://{server}",)
        )


def is_here(server: str) -> bool:
    """Whether a server's name means this machine."""
    host = web_address(f"http://{server}").host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def parse_image(text: str) -> ImageRef:
    """An image's name as docker reads it; UsageError where it is none.

    >>> str(parse_image("nginx"))
    'docker.io/library/nginx:latest'
    >>> str(parse_image("localhost:5000/team/app:v1"))
    'localhost:5000/team/app:v1'
    """
    rest, plain_http = text, False
    for scheme in IMAGE_SCHEMES:
        if text.startswith(scheme):
            rest, plain_http = text.removeprefix(scheme), scheme == "oci+http://"
    rest, _, digest = rest.partition("@")
    head, slash, tail = rest.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        registry, name = head, tail
    else:
        registry, name = HUB, rest
    name, colon, tag = name.partition(":")
    if registry in _HUB_ALIASES:
        registry = HUB
    if registry == HUB and "/" not in name:
        name = f"library/{name}"
    good = (
        _HOST.fullmatch(registry)
        and _NAME.fullmatch(name)
        and len(name) <= 255
        and (not colon or _TAG.fullmatch(tag))
        and (not digest or DIGEST.fullmatch(digest))
    )
    if not good:
        raise UsageError(
            f"{text[:200]!r} is no image's name.",
            remedy="Write it as docker does: HOST/NAME:TAG, in small letters.",
        )
    return ImageRef(
        registry=registry, name=name, reference=digest or tag or "latest", plain_http=plain_http
    )


class _Token(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None


class Registry:
    """The repository of one image. Tokens live as long as this object and are shown to nobody.

    The user's login is for this registry: it answers challenges of this registry itself, and of nobody
    that the registry redirects to. Whoever asks there is asked for a token as a stranger.

    Args:
        image: what is asked about.
        base_url: the server.
        http: how servers are asked.
        login: the user's, if there is one.
        now: unix seconds, to tell when a rate limit ends.
        no_login: why the user's login cannot be read, where there is one.
    """

    def __init__(
        self,
        image: ImageRef,
        base_url: str,
        http: PayloadHttp,
        login: Login | None,
        now: float,
        no_login: PayloadError | None = None,
    ) -> None:
        self.image, self.base_url, self.http = image, base_url.rstrip("/"), http
        self.login, self.now, self.no_login = login, now, no_login
        self._authorization: str | None = None
        self._as_stranger: dict[str, str] = {}

    async def manifest(self, reference: str, method: str = "GET") -> Reply:
        """The manifest under a tag or digest, or with HEAD its headers; an error where there is none."""
        reply = await self._ask(method, f"manifests/{reference}", {"Accept": ACCEPT})
        if not reply.ok:
            raise self.refusal(reply)
        return reply

    async def blob(self, digest: str) -> Reply:
        """A small blob whole."""
        reply = await self._ask("GET", f"blobs/{digest}", {})
        if not reply.ok:
            raise self.refusal(reply)
        return reply

    async def part(self, digest: str, first: int, last: int) -> Reply:
        """Some bytes of a blob. A server that ignores ranges answers 200 and its body is not read."""
        return await self._ask("GET", f"blobs/{digest}", {"Range": f"bytes={first}-{last}"})

    async def _ask(self, method: str, path: str, headers: Mapping[str, str]) -> Reply:
        url = f"{self.base_url}/v2/{self.image.name}/{path}"
        reply = await self._authorized(method, url, headers)
        if reply.status == 401 and self._own(reply) and await self._log_in(reply):
            reply = await self._authorized(method, url, headers)
        if reply.status == 401 and not self._own(reply):
            reply = await self._ask_elsewhere(method, reply, headers)
        return reply

    def _own(self, reply: Reply) -> bool:
        """Whether it is this registry that answers, and nobody that it redirects to."""
        return same_server(reply.url, self.base_url)

    async def _authorized(self, method: str, url: str, headers: Mapping[str, str]) -> Reply:
        sent = dict(headers)
        if self._authorization:
            sent["Authorization"] = self._authorization
        return await self.http.ask(method, url, headers=sent)

    async def _ask_elsewhere(
        self, method: str, refused: Reply, headers: Mapping[str, str]
    ) -> Reply:
        """Answer the challenge of a server that the registry redirects to, without the user's login."""
        server = f"{refused.url.scheme}://{refused.url.netloc.decode('ascii')}"
        if server not in self._as_stranger:
            offered = challenges(refused.headers.get_list("www-authenticate"))
            bearer = _bearer(offered)
            if bearer is None:
                return refused
            self._as_stranger[server] = await self._bought(bearer, refused, None)
        sent = {**headers, "Authorization": self._as_stranger[server]}
        return await self.http.ask(method, refused.url, headers=sent, origin=self.base_url)

    async def _log_in(self, refused: Reply) -> bool:
        """Answer a challenge of this registry; False where it cannot be answered."""
        offered = challenges(refused.headers.get_list("www-authenticate"))
        if bearer := _bearer(offered):
            self._authorization = await self._bought(bearer, refused, self.login)
            return True
        basic = any(challenge.scheme == "basic" for challenge in offered)
        if basic and self.login and self.login.user:
            self._authorization = self.login.basic
            return True
        return False

    async def _bought(self, challenge: Challenge, refused: Reply, login: Login | None) -> str:
        """The header with the token that a challenge asks for."""
        reply = await self._token(challenge.parameters, refused.url, login)
        if reply.status in (401, 403):
            raise self._no_entry(refused)
        if reply.status == 429:
            raise self._patience(reply)
        if not reply.ok:
            raise failing(reply, f"{self.image.registry}'s token service")
        wrong = f"{self.image.registry} gives no token that can be used"
        token = parsed(reply.body, _Token, wrong, "Try again later.")
        value = token.token or token.access_token or ""
        if not _USABLE.fullmatch(value):
            raise PayloadError(f"{wrong}.", remedy="Try again later.")
        return f"Bearer {value}"

    async def _token(
        self, parameters: Mapping[str, str], origin: httpx.URL, login: Login | None
    ) -> Reply:
        scope = parameters.get("scope") or f"repository:{self.image.name}:pull"
        asked = {"service": parameters.get("service", ""), "scope": scope}
        realm, headers = parameters["realm"], dict[str, str]()
        if login and login.identity_token:
            asked |= {"grant_type": "refresh_token", "client_id": "hunter"}
            form = httpx.QueryParams({**asked, "refresh_token": login.identity_token})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return await self.http.ask(
                "POST", realm, headers=headers, content=str(form).encode(), origin=origin
            )
        if login:
            headers["Authorization"] = login.basic
        url = web_address(realm).copy_merge_params({k: v for k, v in asked.items() if v})
        return await self.http.ask("GET", url, headers=headers, origin=origin)

    def refusal(self, reply: Reply) -> PayloadError:
        """What a refused request means, in one sentence."""
        if reply.status in (401, 403):
            return self._no_entry(reply)
        if reply.status == 404:
            return PayloadError(
                f"{self.image.registry} has no image {self.image}.",
                remedy="Check name and tag; a private image needs `docker login` first.",
            )
        if reply.status == 429:
            return self._patience(reply)
        return failing(reply, self.image.registry)

    def _no_entry(self, refused: Reply) -> PayloadError:
        registry = self.image.registry
        if not self._own(refused):
            there = refused.url.host
            return PayloadError(
                f"{registry} sends us to {there} for {self.image}, which lets no stranger in.",
                remedy=f"Name the image as {there} has it, after `docker login {there}`.",
            )
        if self.login:
            return PayloadError(
                f"{registry} does not let your login read {self.image}.",
                remedy=f"Check the name, or run `docker login {registry}` again.",
            )
        private = f"{self.image} is private, or does not exist: {registry} asks for a login"
        if self.no_login:
            why = str(self.no_login).rstrip(".")
            return PayloadError(f"{private}. {why}.", remedy=self.no_login.remedy)
        return PayloadError(
            f"{private}.", remedy=f"Check the name, or run `docker login {registry}`."
        )

    def _patience(self, reply: Reply) -> PayloadUnreachable:
        remedy = (
            "Wait, or give the sizes by hand in the workload file."
            if self.login
            else f"Run `docker login {self.image.registry}`, wait, or give the sizes by hand."
        )
        return rate_limited(reply, self.image.registry, self.now, remedy)


async def open_registry(
    image: ImageRef,
    http: PayloadHttp,
    login: Login | None,
    now: float,
    mirror: str | None = None,
    no_login: PayloadError | None = None,
) -> Registry:
    """The image's repository, at the first of its servers that speaks.

    Args:
        image: what is asked about.
        http: how servers are asked.
        login: the user's, if there is one.
        now: unix seconds.
        mirror: the server to ask in place of the image's own.
        no_login: why the user's login cannot be read, where there is one.
    """
    urls = (mirror,) if mirror else image.base_urls
    for url in urls[:-1]:
        try:
            await http.ask("HEAD", f"{url}/v2/", body=False)
        except PayloadUnreachable:
            continue
        return Registry(image, url, http, login, now, no_login)
    return Registry(image, urls[-1], http, login, now, no_login)


def _bearer(offered: list[Challenge]) -> Challenge | None:
    """The first challenge that a token answers; every other way in is for logins alone."""
    bearers = (c for c in offered if c.scheme == "bearer" and c.parameters.get("realm"))
    return next(bearers, None)
