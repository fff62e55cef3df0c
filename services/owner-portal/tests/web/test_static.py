"""Styles and scripts: small, kept by browsers, and all that the pages' strict policy allows."""

from typing import Any

import httpx
import pytest

from owner_portal.web.static import static_url
from testkit.pages import Page

HEAVIEST = 400_000  # bytes that a first visit may load
ELSEWHERE = ("//", "http://", "https://")
PAGES = ("/owner/dashboard/", "/owner/reports/", "/owner/audit-log/", "/owner/alerts/", "/owner/account/")


@pytest.fixture
async def raw(url: str) -> Any:
    """Answers as they travel: the body stays compressed."""

    async def get(path: str, *, encoding: str, **headers: str) -> tuple[httpx.Response, bytes]:
        headers |= {"accept-encoding": encoding, "accept": "text/html"}
        async with (
            httpx.AsyncClient(base_url=url) as client,
            client.stream("GET", path, headers=headers) as response,
        ):
            return response, b"".join([part async for part in response.aiter_raw()])

    return get


@pytest.mark.parametrize(("accepted", "sent"), [("gzip, br", "br"), ("gzip", "gzip"), ("identity", None)])
async def test_the_smallest_form_that_is_accepted(raw: Any, accepted: str, sent: str | None) -> None:
    response, _ = await raw(static_url("portal.css"), encoding=accepted)
    assert response.status_code == 200
    assert response.headers.get("content-encoding") == sent
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "accept-encoding" in response.headers["vary"]
    assert response.headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    "path", ["/static/nothing.css", "/static/manifest.json", "/static/../main.py", "/static/%2e%2e/main.py", "/static/"]
)
async def test_nothing_else_is_served(anonymous: httpx.AsyncClient, path: str) -> None:
    assert (await anonymous.get(path)).status_code == 404


async def test_only_reading(anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.post(static_url("portal.css"))).status_code == 405


@pytest.mark.parametrize("path", PAGES)
async def test_a_first_visit_is_light(raw: Any, owner: Any, path: str) -> None:
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in owner.browser.cookies.jar)
    response, page = await raw(path, encoding="gzip", cookie=cookies)
    assert response.status_code == 200
    assert response.headers["content-encoding"] == "gzip"
    loaded = {"portal.css", "portal.js", "theme.js", "charts.js", "icons.svg", "mark.svg"}
    loaded.add("inter-latin-wght-normal.woff2")
    sizes = [len((await raw(static_url(name), encoding="gzip"))[1]) for name in loaded]
    assert len(page) + sum(sizes) <= HEAVIEST


@pytest.mark.parametrize("path", PAGES)
async def test_nothing_is_inline(owner: Any, path: str) -> None:
    page = Page((await owner.browser.get(path)).text)
    assert page.all("[style]") == []
    handlers = [name for element in page.all("*") for name in element.attrs if name.startswith("on")]
    assert handlers == [], "no handler stands in an attribute"
    assert page.all("script")
    assert page.all("script:not([src], [type='application/json'])") == []
    for name in ("src", "href"):
        addresses = [str(element[name]) for element in page.all(f"[{name}]")]
        assert addresses
        assert not any(address.startswith(ELSEWHERE) for address in addresses), "nothing comes from elsewhere"
