"""Access to the workspace requires a session of the company, and the company's access."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.tokens import token_digest
from services.tracking.tests.fixtures.platform import ChangeAccess, NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import AccessSync
from tracking.processes.workspace import workspace_app
from tracking.screenshots.store.pictures import PictureStore
from tracking.sign_in.use_cases.log_in import log_in

SUSPENDED = "Company subscription is suspended"
PAGES = [("GET", "/"), ("GET", "/team"), ("POST", "/team"), ("POST", "/logout")]


@pytest.mark.parametrize(("method", "path"), PAGES)
@pytest.mark.parametrize("cookie", ["", "x", ".", "0" * 32, "0" * 32 + ".token", "'; --.x", "\u00e9.\u00e9"])
async def test_without_a_session_every_page_leads_to_the_login(
    open_browser: OpenBrowser, method: str, path: str, cookie: str
) -> None:
    browser = open_browser()
    fields = {"csrf_token": "x", "name": "Eve", "email": "eve@acme.example", "password": "open sesame tonight"}
    headers = {b"Cookie": b"workspace=" + cookie.encode()} if cookie else {}
    reply = await browser.http.request(method, path, data=fields if method == "POST" else None, headers=headers)
    assert (reply.status_code, reply.headers["location"]) == (303, "/login")


async def test_signing_in_and_out(open_browser: OpenBrowser, tenant: Tenant) -> None:
    browser = open_browser()
    reply = await browser.sign_in(tenant.people[0])
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    kept = dict(browser.http.cookies)
    assert (await browser.page("/")).heading == "My work"
    assert (await browser.send("/logout")).headers["location"] == "/login"
    browser.http.cookies.update(kept)
    assert (await browser.see("/")).status_code == 303, "the cookie is worthless now"


@pytest.mark.parametrize("password", ["guess", "Open sesame tonight", "open sesame tonight ", "x" * 512])
async def test_a_wrong_password(open_browser: OpenBrowser, tenant: Tenant, password: str) -> None:
    browser = open_browser()
    for email in (tenant.people[0], "nobody@acme.example", ""):
        reply = await browser.http.post("/login", data={"email": email, "password": password})
        assert reply.status_code in (400, 401)
        assert not browser.http.cookies


async def test_the_login_page_shows_what_was_typed_and_no_more(open_browser: OpenBrowser) -> None:
    hostile = '"><script>alert(1)</script>'
    reply = await open_browser().http.post("/login", data={"email": hostile, "password": "x"})
    page = Page(reply.text)
    assert page.field("email").value == hostile
    assert page.all("script") == []
    assert "E-mail or password is wrong" in page.text


async def test_another_companys_cookie(open_browser: OpenBrowser, tenant: Tenant, new_tenant: NewTenant) -> None:
    other = await new_tenant()
    browser = open_browser()
    await browser.sign_in(tenant.admin)
    _company, _, token = browser.http.cookies["workspace"].partition(".")
    for path in ("/", "/team"):
        reply = await open_browser().http.get(path, headers={"Cookie": f"workspace={other.company_id.hex}.{token}"})
        assert (reply.status_code, reply.headers["location"]) == (303, "/login")


async def test_a_session_ends_after_its_time(open_browser: OpenBrowser, tenant: Tenant, superuser: AsyncEngine) -> None:
    browser = open_browser()
    await browser.sign_in(tenant.people[1])
    assert (await browser.see("/")).status_code == 200
    async with superuser.begin() as tx:
        statement = text("UPDATE workspace_session SET expires_at = :past WHERE company_id = :id")
        await tx.execute(statement, {"id": tenant.company_id, "past": datetime.now(UTC) - timedelta(seconds=1)})
    assert (await browser.see("/")).status_code == 303


async def test_an_inactive_account(open_browser: OpenBrowser, new_tenant: NewTenant, superuser: AsyncEngine) -> None:
    tenant = await new_tenant()
    browser = open_browser()
    await browser.sign_in(tenant.people[0])
    async with superuser.begin() as tx:
        statement = text("UPDATE employee SET active = false WHERE company_id = :id")
        await tx.execute(statement, {"id": tenant.company_id})
    assert (await browser.see("/")).status_code == 303
    assert (await open_browser().sign_in(tenant.people[0])).status_code == 401


async def test_a_suspended_company(
    open_browser: OpenBrowser, new_tenant: NewTenant, suspend: ChangeAccess, reactivate: ChangeAccess
) -> None:
    tenant = await new_tenant()
    browser = open_browser()
    await browser.sign_in(tenant.admin)
    await suspend(tenant)
    for reply in (await browser.see("/"), await browser.see("/team"), await open_browser().sign_in(tenant.admin)):
        assert reply.status_code == 403
        assert SUSPENDED in Page(reply.text).text
        assert "set-cookie" not in reply.headers
    setup = {"key": tenant.key, "name": "Eve", "email": "eve@acme.example", "password": "open sesame tonight"}
    reply = await open_browser().http.post("/setup", data=setup)
    assert reply.status_code == 403
    assert SUSPENDED in Page(reply.text).text
    await reactivate(tenant)
    assert (await browser.see("/team")).status_code == 200


async def test_a_form_of_another_site_is_refused(open_browser: OpenBrowser, tenant: Tenant) -> None:
    browser = open_browser()
    fields = {"email": tenant.admin, "password": tenant.password}
    for origin in ("http://evil.example", "null", "http://workspace.evil.example"):
        reply = await browser.http.post("/login", data=fields, headers={"Origin": origin})
        assert reply.status_code == 403
        assert not browser.http.cookies


async def test_behind_tls_the_cookie_belongs_to_this_host_alone(
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    directory: AccessDirectory,
    sync: AccessSync,
    pictures: PictureStore,
    tenant: Tenant,
) -> None:
    app = workspace_app(engine, dispatch, directory, sync, health=[], pictures=pictures, cookie_secure=True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://workspace") as browser:
        reply = await browser.post("/login", data={"email": tenant.admin, "password": tenant.password})
        cookie = reply.headers["set-cookie"]
        assert cookie.startswith("__Host-workspace=")
        assert "Secure" in cookie
        assert "Path=/;" in cookie
        assert "strict-transport-security" in (await browser.get("/team")).headers


async def test_every_page_says_how_it_may_be_used(employee: Browser) -> None:
    reply = await employee.see("/")
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert (reply.headers["cache-control"], reply.headers["x-frame-options"]) == ("no-store", "DENY")


async def places_of(stored: ReadRows, tenant: Tenant) -> set[bytes]:
    """Digests of the places that an account of the tenant is known to."""
    return {bytes(row["digest"]) for row in await stored("known_place", tenant.company_id)}


async def test_known_places_end_with_the_password(
    open_browser: OpenBrowser, new_tenant: NewTenant, stored: ReadRows, engine: AsyncEngine
) -> None:
    """Who has learnt it has signed in somewhere: from there, guesses must not be counted apart from strangers'."""
    tenant = await new_tenant()
    for _ in range(2):
        browser = open_browser()
        await browser.sign_in(tenant.people[0])
    now = datetime.now(UTC)
    account = {"email": tenant.people[0], "password": tenant.password, "origin": "192.0.2.57"}
    await log_in(engine, tenant.company_id, **account, now=now)
    assert len(await places_of(stored, tenant)) == 3
    reply = await browser.send("/account", present=tenant.password, new="another sesame tonight")
    assert reply.status_code == 303
    own = token_digest(browser.http.cookies["workspace-browser"])
    assert await places_of(stored, tenant) == {own}
    admin = open_browser()
    await admin.sign_in(tenant.admin)
    (number,) = [row["number"] for row in await stored("employee", tenant.company_id) if row["role"] == "EMPLOYEE"]
    assert (await admin.send(f"/team/{number}/password", password="a third sesame tonight")).status_code == 303
    assert own not in await places_of(stored, tenant)
