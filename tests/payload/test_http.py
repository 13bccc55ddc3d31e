"""A careful client: no server sends us where we would not go."""

from __future__ import annotations

import httpx
import pytest

from hunter.payload.http import PayloadHttp
from hunter.payload.reach import Names
from hunter.values.errors import PayloadError


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
