"""A careful client: no server sends us where we would not go."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from hunter.payload.http import PayloadHttp, same_server, web_address
from hunter.payload.reach import Names
from hunter.values.errors import PayloadError, PayloadUnreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:9/x", "http://10.0.0.1/x", "https://inside.example/x"]
)
async def test_a_public_server_cannot_send_us_into_our_own_network(target: str) -> None:
    asked: list[str] = []

    def transport(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(307, headers={"Location": target})

    async def look_up(host: str, port: int) -> list[str]:
        return ["192.168.1.5"] if host == "inside.example" else ["93.184.216.34"]

    async with httpx.AsyncClient(transport=httpx.MockTransport(transport)) as http:
        with pytest.raises(
            PayloadError, match=r"inside this machine or its network|without encryption"
        ):
            await PayloadHttp(http, Names(look_up)).ask("GET", "https://registry.example/v2/")
    assert asked == ["https://registry.example/v2/"]


PUBLIC = "93.184.216.34"


class World:
    """Servers by name, and what they were asked."""

    def __init__(
        self, answer: Callable[[httpx.Request], httpx.Response], addresses: dict[str, list[str]]
    ) -> None:
        self.asked: list[httpx.Request] = []
        self.answer, self.addresses = answer, addresses

    def transport(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answer(request)

    async def look_up(self, host: str, port: int) -> list[str]:
        return self.addresses.get(host, [PUBLIC])

    async def ask(self, method: str, url: str, **options: Any) -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.transport)) as client:
            return await PayloadHttp(client, Names(self.look_up)).ask(method, url, **options)


def redirects(**targets: str) -> Callable[[httpx.Request], httpx.Response]:
    """Hosts, by the first label of their names, that send us on; the others answer."""

    def answer(request: httpx.Request) -> httpx.Response:
        target = targets.get(request.url.host.partition(".")[0])
        if target is None:
            return httpx.Response(200, content=b"ok")
        return httpx.Response(307, headers={"Location": target})

    return answer


# ── where servers may send us ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "host",
    [
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]", "[fec0::1]", "[::ffff:10.0.0.1]",
        "[2001:0:a00:1::1]", "[fd00:ec2::254]", "[::ffff:0:192.168.1.1]", "[fe80::1]", "[::1]",
        "[64:ff9b::a9fe:a9fe]", "127.0.0.1", "100.64.0.1", "0.0.0.0", "[::]",
    ],
)  # fmt: skip
async def test_no_form_of_a_private_address_is_gone_to(host: str) -> None:
    world = World(redirects(registry=f"https://{host}/x"), {})
    with pytest.raises(PayloadError, match="inside this machine"):
        await world.ask("GET", "https://registry.example/v2/")
    assert len(world.asked) == 1


async def test_a_server_of_our_own_network_does_not_vouch_for_those_it_sends_us_to() -> None:
    world = World(
        redirects(own="https://far.example/", far="https://inside.example/"),
        {"own.example": ["10.0.0.1"], "inside.example": ["10.0.0.2"]},
    )
    with pytest.raises(PayloadError, match=r"far\.example sends us to inside"):
        await world.ask("GET", "https://own.example/")
    assert len(world.asked) == 2


async def test_a_public_server_does_not_come_closer_by_a_private_address_of_its_name() -> None:
    world = World(
        redirects(evil="https://inside.example/"),
        {"evil.example": ["10.9.9.9", PUBLIC], "inside.example": ["10.0.0.2"]},
    )
    with pytest.raises(PayloadError, match="inside this machine"):
        await world.ask("GET", "https://evil.example/")


async def test_a_name_with_one_private_address_among_others_is_private() -> None:
    world = World(
        redirects(evil="https://half.example/"), {"half.example": [PUBLIC, "192.168.0.1"]}
    )
    with pytest.raises(PayloadError, match="inside this machine"):
        await world.ask("GET", "https://evil.example/")


async def test_a_server_of_our_own_network_may_send_us_within_it_and_out() -> None:
    world = World(
        redirects(own="https://inside.example/", inside="https://far.example/"),
        {"own.example": ["10.0.0.1"], "inside.example": ["10.0.0.2"]},
    )
    assert (await world.ask("GET", "https://own.example/")).body == b"ok"


@pytest.mark.parametrize(
    "target",
    [
        "https://xn--/", "https://h:99999/", "https://h:0/", "https://[::1", "//", "https://",
        "https://[v1.x]/", "\x80\xff://x", "javascript:alert(1)", "file:///etc/passwd", "https://h:-1/",
        "https://" + "a" * 300 + "/", "x" * 70_000, "gopher://h/", "https://\u2100.x/", "ftp://h/",
    ],
)  # fmt: skip
async def test_odd_targets_are_one_sentence(target: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host != "registry.example":
            return httpx.Response(200)
        return httpx.Response(302, headers=[(b"Location", target.encode())])

    with pytest.raises(PayloadError) as error:
        await World(answer, {}).ask("GET", "https://registry.example/v2/")
    assert error.value.remedy
    assert len(str(error.value)) < 400


# ── what is told to whom ────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "target",
    ["https://cdn.example/", "https://registry.example:8443/", "https://sub.registry.example/"],
)
async def test_credentials_stay_with_scheme_host_and_port(target: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url) == "https://registry.example/v2/":
            return httpx.Response(307, headers={"Location": target})
        return httpx.Response(200)

    world = World(answer, {})
    sent = {
        "Authorization": "Bearer t",
        "Cookie": "a=b",
        "X-Amz-Security-Token": "s",
        "Accept": "x",
    }
    await world.ask("GET", "https://registry.example/v2/", headers=sent)
    assert not set(world.asked[1].headers) & {"authorization", "cookie", "x-amz-security-token"}
    assert world.asked[1].headers["accept"] == "x"


async def test_credentials_do_not_come_back_by_way_of_another_server() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v2/":
            return httpx.Response(307, headers={"Location": "https://evil.example/"})
        if request.url.host == "evil.example":
            return httpx.Response(307, headers={"Location": "https://registry.example/delete"})
        return httpx.Response(200)

    world = World(answer, {})
    await world.ask("GET", "https://registry.example/v2/", headers={"Authorization": "Bearer t"})
    assert [("authorization" in asked.headers) for asked in world.asked] == [True, False, False]


@pytest.mark.parametrize("status", [307, 308])
async def test_a_body_is_not_sent_on_to_another_server(status: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"Location": "https://evil.example/"})

    world = World(answer, {})
    with pytest.raises(PayloadError, match="what was meant for it"):
        await world.ask("POST", "https://auth.example/token", content=b"refresh_token=secret")
    assert len(world.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_after_a_redirect_a_post_is_a_get_without_its_body(status: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "auth.example":
            return httpx.Response(status, headers={"Location": "https://other.example/"})
        return httpx.Response(200)

    world = World(answer, {})
    await world.ask("POST", "https://auth.example/token", content=b"refresh_token=secret")
    assert (world.asked[1].method, world.asked[1].content) == ("GET", b"")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://h/a", "https://h:443/b", True),
        ("http://h/a", "http://H:80/", True),
        ("https://h/", "http://h/", False),
        ("https://h/", "https://h:444/", False),
        ("https://h/", "https://h.evil/", False),
        ("https://h@evil/", "https://h/", False),
    ],
)
def test_a_server_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert same_server(one, other) == same


# ── patience ────────────────────────────────────────────────────────────────────────────────────
async def never() -> AsyncIterator[bytes]:
    yield b"a"
    await asyncio.Event().wait()


@pytest.mark.parametrize("hops", [0, 1])
async def test_a_server_that_never_ends_its_answer_is_left(hops: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/0" and hops:
            return httpx.Response(302, headers={"Location": "/1"})
        return httpx.Response(200, content=never())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        http = PayloadHttp(client, Names(World(answer, {}).look_up), answer_s=0.01)
        with pytest.raises(PayloadUnreachable, match="did not answer in time"):
            await http.ask("GET", "https://drip.example/0")


@pytest.mark.parametrize("url", ["https://xn--/", "https://h:99999/", "https://[::1", "", "\0"])
def test_what_is_no_web_address_is_said_to_be(url: str) -> None:
    with pytest.raises(PayloadError, match="no web address"):
        web_address(f"{url}" or "https://h:0")


async def test_a_login_in_an_address_is_in_no_sentence() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(PayloadUnreachable) as error:
        await World(answer, {}).ask("GET", "https://me:s3cretpass@h.example/x")
    encoded = base64.b64encode(b"me:s3cretpass").decode()
    assert "s3cretpass" not in str(error.value)
    assert encoded not in str(error.value)
