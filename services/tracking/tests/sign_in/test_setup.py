"""Setting up a company: a holder of its key creates the first admin, once."""

import asyncio
from uuid import UUID

import pytest

from services.tracking.tests.fixtures.platform import NewKey, ReadRows
from services.tracking.tests.fixtures.workspace import OpenBrowser
from testkit.pages import Page

LABELS = {"name": "Name", "email": "E-mail", "password": "Password", "key": "Company key"}
FIELDS = {"name": "Ada", "email": "ada@acme.example", "password": "open sesame tonight"}


@pytest.fixture
async def company(new_key: NewKey) -> tuple[UUID, str]:
    """A company without accounts: its id and key."""
    return await new_key()


async def test_the_first_admin(open_browser: OpenBrowser, company: tuple[UUID, str], stored: ReadRows) -> None:
    company_id, key = company
    browser = open_browser()
    reply = await browser.http.post("/setup", data=FIELDS | {"key": f"  {key}\n"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/team")
    assert "Ada" in (await browser.page("/team")).texts("a > bdi")
    (employee,) = await stored("employee", company_id)
    assert (employee["role"], employee["email"]) == ("ADMIN", FIELDS["email"])
    assert employee["password_hash"].startswith("precis$argon2id$")


async def test_a_second_time_is_a_conflict(
    open_browser: OpenBrowser, company: tuple[UUID, str], stored: ReadRows
) -> None:
    company_id, key = company
    for code, email in ((303, "ada@acme.example"), (409, "eve@acme.example")):
        reply = await open_browser().http.post("/setup", data=FIELDS | {"key": key, "email": email})
        assert reply.status_code == code
    assert "set up already" in Page(reply.text).text
    assert len(await stored("employee", company_id)) == 1


async def test_two_at_once_make_one_admin(
    open_browser: OpenBrowser, company: tuple[UUID, str], stored: ReadRows
) -> None:
    company_id, key = company
    forms = [FIELDS | {"key": key, "email": f"{name}@acme.example"} for name in ("ada", "eve", "ben")]
    replies = await asyncio.gather(*(open_browser().http.post("/setup", data=form) for form in forms))
    assert sorted(reply.status_code for reply in replies) == [303, 409, 409]
    assert len(await stored("employee", company_id)) == 1


@pytest.mark.parametrize("key", ["company_" + "0" * 32, "company_0", "nonsense", "é", "company_" + "F" * 32, "x" * 512])
async def test_a_key_that_nobody_has(open_browser: OpenBrowser, key: str) -> None:
    reply = await open_browser().http.post("/setup", data=FIELDS | {"key": key})
    assert reply.status_code == 400
    assert "No company has this key" in Page(reply.text).text
    assert key not in reply.text, "a key is never shown again"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"name": "\x00\x1b"},
        {"email": "nobody"},
        {"email": "@acme.example"},
        {"email": "a b@acme.example"},
        {"password": "short"},
        {"password": "x" * 257},
        {"name": "x" * 513},
    ],
)
async def test_accounts_that_cannot_be(
    open_browser: OpenBrowser, company: tuple[UUID, str], stored: ReadRows, fields: dict[str, str]
) -> None:
    company_id, key = company
    reply = await open_browser().http.post("/setup", data=FIELDS | {"key": key} | fields)
    assert reply.status_code == 400
    assert Page(reply.text).alerts
    assert await stored("employee", company_id) == []


@pytest.mark.parametrize("missing", [*FIELDS, "key"])
async def test_a_field_that_is_missing(open_browser: OpenBrowser, company: tuple[UUID, str], missing: str) -> None:
    form = FIELDS | {"key": company[1]}
    del form[missing]
    reply = await open_browser().http.post("/setup", data=form)
    assert reply.status_code == 400
    assert f"{LABELS[missing]} is required" in Page(reply.text).text


async def test_a_form_of_another_site_is_refused(
    open_browser: OpenBrowser, company: tuple[UUID, str], stored: ReadRows
) -> None:
    company_id, key = company
    reply = await open_browser().http.post(
        "/setup", data=FIELDS | {"key": key}, headers={"Origin": "http://evil.example"}
    )
    assert reply.status_code == 403
    assert await stored("employee", company_id) == []


async def test_what_was_typed_stays_and_is_escaped(open_browser: OpenBrowser) -> None:
    hostile = '"><img src=x onerror=alert(1)>'
    reply = await open_browser().http.post("/setup", data=FIELDS | {"key": "nonsense", "name": hostile})
    page = Page(reply.text)
    assert page.field("name").value == hostile
    assert page.all("img[src=x]") == []


async def test_a_form_that_is_too_large(open_browser: OpenBrowser) -> None:
    reply = await open_browser().http.post("/setup", data=FIELDS | {"key": "x" * 70_000})
    assert reply.status_code == 413


async def test_the_form_itself(open_browser: OpenBrowser) -> None:
    browser = open_browser()
    styles = [str(link["href"]) for link in (await browser.page("/setup")).all("link[rel=stylesheet]")]
    assert (await browser.see(styles[0])).headers["content-type"].startswith("text/css")
