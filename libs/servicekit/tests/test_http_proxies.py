"""Only trusted proxies determine the caller's address."""

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from servicekit.http_proxies import trust_proxies


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope)
    assert request.client
    await PlainTextResponse(f"{request.url.scheme} {request.client.host}")(scope, receive, send)


@pytest.mark.parametrize(
    ("proxies", "caller", "forwarded", "found"),
    [
        ((), "10.0.0.1", "203.0.113.9", "http 10.0.0.1"),
        (("10.0.0.0/8",), "10.0.0.1", "203.0.113.9", "https 203.0.113.9"),
        (("10.0.0.0/8",), "10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", "https 203.0.113.9"),
        (("10.0.0.0/8",), "192.0.2.1", "203.0.113.9", "http 192.0.2.1"),
    ],
)
async def test_only_what_a_trusted_proxy_added_counts(
    proxies: tuple[str, ...], caller: str, forwarded: str, found: str
) -> None:
    transport = httpx.ASGITransport(trust_proxies(app, proxies), client=(caller, 1))
    headers = {"x-forwarded-for": forwarded, "x-forwarded-proto": "https"}
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        assert (await client.get("/", headers=headers)).text == found
