"""What surrounds every answer: headers, cookies behind TLS, proxies, and the demand for a second factor."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.app import create_app
from owner_portal.owners.pages.guard import Security
from owner_portal.owners.use_cases.accounts import create_owner
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.web.portal import Portal
from testkit.pages import Page

EMAIL, PASSWORD = "secure@tenantry.example", "correct horse battery"
SIGN_IN = {"email": EMAIL, "password": PASSWORD}
BOX = SecretBox(bytes(32))
Client = Callable[..., Any]


@pytest.fixture
def client(portal: Portal) -> Client:
    """A browser or script at a portal with other settings."""

    @asynccontextmanager
    async def open_client(
        *, address: str = "127.0.0.1", security: Security | None = None, **changes: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        parts = {**portal.parts, Security: security or portal.get(Security)}
        app = create_app(replace(portal, parts=parts, **changes))
        transport = httpx.ASGITransport(app, client=(address, 1), raise_app_exceptions=False)
        headers = {"accept": "application/json"}
        async with httpx.AsyncClient(transport=transport, base_url="https://portal.example", headers=headers) as opened:
            yield opened

    return open_client


@pytest.fixture(scope="module", autouse=True)
async def account(engine: AsyncEngine) -> None:
    await create_owner(engine, email=EMAIL, password=PASSWORD)


async def addresses(client: httpx.AsyncClient) -> set[str]:
    return {one["address"] for one in (await client.get("/owner/account/")).json()["sessions"] if one["this"]}


async def test_behind_tls(client: Client) -> None:
    async with client(cookie_secure=True) as browser:
        answer = await browser.post("/owner/login/", json=SIGN_IN)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-tenantry-owner=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        assert (await browser.get("/owner/account/")).status_code == 200


async def test_without_tls_no_browser_is_told_to_demand_it(client: Client) -> None:
    async with client(cookie_secure=False) as browser:
        answer = await browser.post("/owner/login/", json=SIGN_IN)
        assert answer.headers["set-cookie"].startswith("tenantry-owner=")
        assert "strict-transport-security" not in answer.headers


async def test_a_trusted_proxy_says_who_calls(client: Client) -> None:
    forwarded = {"x-forwarded-for": "6.6.6.6, 203.0.113.9", "x-forwarded-proto": "https"}
    for caller, found in (("10.1.2.3", "203.0.113.9"), ("192.0.2.1", "192.0.2.1")):
        async with client(address=caller, trusted_proxies=("10.0.0.0/8",)) as browser:
            assert (await browser.post("/owner/login/", json=SIGN_IN, headers=forwarded)).status_code == 200
            assert await addresses(browser) == {found}


async def test_forwarded_addresses_are_ignored_by_default(client: Client) -> None:
    async with client() as browser:
        await browser.post("/owner/login/", json=SIGN_IN, headers={"x-forwarded-for": "203.0.113.9"})
        assert await addresses(browser) == {"127.0.0.1"}


async def test_a_demanded_second_factor_comes_first(client: Client) -> None:
    async with client(security=Security(BOX, totp_required=True)) as browser:
        token = (await browser.post("/owner/login/", json=SIGN_IN)).json()["csrf_token"]
        page = {"accept": "text/html"}
        for path in ("/owner/dashboard/", "/owner/owners/"):
            answer = await browser.get(path)
            assert (answer.status_code, answer.json()["kind"]) == (403, "second_factor_required")
            assert (await browser.get(path, headers=page)).headers["location"] == "/owner/account/"
        for path in ("/owner/owners/invite/", "/owner/company/create/"):
            answer = await browser.post(path, json={}, headers={"x-csrf-token": token})
            assert answer.json()["kind"] == "second_factor_required"
        assert (await browser.get("/owner/events/")).status_code == 403
        own = Page((await browser.get("/owner/account/", headers=page)).text)
        assert "A second factor is required for every owner" in own.text
        assert (await browser.get("/owner/account/")).json()["second_factor_required"] is True

        headers = {"x-csrf-token": token}
        secret = (await browser.post("/owner/account/second-factor/", json={}, headers=headers)).json()["secret"]
        body = {"code": pyotp.TOTP(secret).now()}
        answer = await browser.post("/owner/account/second-factor/confirm/", json=body, headers=headers)
        assert answer.status_code == 200
        assert (await browser.get("/owner/owners/")).status_code == 200
        answer = await browser.post("/owner/account/second-factor/remove/", json={}, headers=headers)
        assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
        assert (await browser.post("/owner/logout/", headers=headers)).status_code == 200


async def test_an_answer_to_a_mistake_has_the_headers_too(client: Client) -> None:
    async with client(engine=None) as browser:
        answer = await browser.get("/owner/account/", headers={"accept": "text/html"})
    assert answer.status_code == 500
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_scripts_get_problem_documents(anonymous: httpx.AsyncClient, owner: Any) -> None:
    answer = await owner.call("/owner/company/create/", name="", plan_code="NONE")
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert set(document) == {"type", "title", "status", "kind", "detail", "errors"}
    assert (document["type"], document["title"], document["status"]) == ("about:blank", "Invalid input", 400)
    assert {each["field"] for each in document["errors"]} >= {"name", "email"}
    assert all(each["detail"] for each in document["errors"])
    refused = await anonymous.get("/owner/dashboard/", headers={"accept": "application/json"})
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")
    assert refused.json()["kind"] == "not_authenticated"
    page = await owner.send("/owner/company/create/", name="", plan_code="NONE")
    assert page.headers["content-type"].startswith("text/html")
