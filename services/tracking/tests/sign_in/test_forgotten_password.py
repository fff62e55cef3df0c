"""Password resets by mail: a link works once, briefly, and reveals nothing about accounts."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from structlog.testing import capture_logs

from credentials.tokens import token_digest
from mailer.delivery import send_mail
from mailer.senders import open_sender
from services.tracking.tests.fixtures.platform import NewKey, NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from testkit.relay import Relay, running_relay
from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import AccessSync
from tracking.db.store.scope import company_scope
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.processes.workspace import workspace_app
from tracking.screenshots.store.pictures import PictureStore
from tracking.sign_in.store.sign_in_attempts import NO_COMPANY
from tracking.sign_in.use_cases.log_in import log_in
from tracking.sign_in.use_cases.reset_by_mail import answer_requests, recover_admin
from tracking.team.use_cases.deactivate_employee import deactivate_employee

NEW = "a wholly new sesame"
LINK = re.compile(r"http://workspace/reset#([0-9a-f]{32}\.[\w-]{43})")
URL = "http://workspace"


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Any:
    """A company of the test's own."""
    return await new_tenant(people=1)


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with running_relay() as relay:
        yield relay


@pytest.fixture(autouse=True)
async def _nothing_waits(superuser: AsyncEngine) -> None:
    """Other tests ask too, from the same address."""
    async with superuser.begin() as tx:
        await tx.execute(text("DELETE FROM password_reset_request"))
        await tx.execute(text("DELETE FROM mail"))


@pytest.fixture
def mails(engine: AsyncEngine, dispatch: AsyncEngine, relay: Relay) -> Callable[[], Awaitable[list[Any]]]:
    """`await mails()`: what was sent since the last time."""

    async def mails() -> list[Any]:
        relay.taken.clear()
        while await answer_requests(engine, dispatch, workspace_url=URL):
            pass
        sender = open_sender(relay.url, from_address="Tenantry <w@tenantry.example>")
        while await send_mail(partial(company_scope, engine, NO_COMPANY), sender=sender):
            pass
        return list(relay.taken)

    return mails


@pytest.fixture
def code_for(open_browser: OpenBrowser, mails: Callable[[], Awaitable[list[Any]]]) -> Callable[[str], Awaitable[str]]:
    """`await code_for(email)`: the code of a link that was just sent there."""

    async def code_for(email: str) -> str:
        assert (await open_browser().post("/forgot", email=email)).status_code == 303
        [mail] = await mails()
        [code] = LINK.findall(mail.get_content())
        return str(code)

    return code_for


async def test_from_the_mail_to_a_new_password(
    tenant: Tenant,
    engine: AsyncEngine,
    open_browser: OpenBrowser,
    code_for: Callable[[str], Awaitable[str]],
    mails: Callable[[], Awaitable[list[Any]]],
    stored: ReadRows,
) -> None:
    account = {"email": tenant.people[0], "password": tenant.password, "origin": "desktop"}
    device = await log_in(engine, tenant.company_id, **account, now=datetime.now(UTC))
    elsewhere = open_browser()
    await elsewhere.sign_in(tenant.people[0])
    code = await code_for(tenant.people[0].upper())
    assert code.partition(".")[2] not in str(await stored("password_reset", tenant.company_id)), "kept as a digest"
    browser = open_browser()
    assert (await browser.page("/reset")).field("code").value == ""
    short = await browser.post("/reset", code=code, new="short")
    assert short.status_code == 400
    assert Page(short.text).field("code").value == code, "the link is not used up"
    with capture_logs() as logs:
        reply = await browser.post("/reset", code=code, new=NEW)
    assert (reply.status_code, reply.headers["location"]) == (303, "/login?done=reset")
    assert code.partition(".")[2] not in str(logs)
    assert "Your password is set" in (await browser.page(reply.headers["location"])).text
    assert (await elsewhere.see("/")).headers["location"] == "/login", "sessions end"
    assert await Authenticator(engine).device(tenant.company_id, device.token) is None, "devices end"
    assert (await browser.sign_in(tenant.people[0])).status_code == 401
    assert (await browser.sign_in(tenant.people[0], NEW)).status_code == 303
    [mail] = await mails()
    assert mail["To"] == tenant.people[0]
    assert "was changed" in mail["Subject"]
    assert re.search("\u2068[^\u2069]+\u2069 \\(\u2068[^\u2069]+\u2069\\) was changed", mail.get_content())
    assert "reset#" not in mail.get_content()


async def test_the_browser_that_used_the_link_is_known(
    tenant: Tenant, open_browser: OpenBrowser, code_for: Callable[[str], Awaitable[str]], stored: ReadRows
) -> None:
    """Its account is compared first from then on, also where an older one of this e-mail is somebody else's."""
    await open_browser().sign_in(tenant.people[0])
    code, browser = await code_for(tenant.people[0]), open_browser()
    assert (await browser.post("/reset", code=code, new=NEW)).status_code == 303
    (place,) = await stored("known_place", tenant.company_id)
    assert bytes(place["digest"]) == token_digest(browser.http.cookies["workspace-browser"])


async def test_a_link_opens_once(
    tenant: Tenant, open_browser: OpenBrowser, code_for: Callable[[str], Awaitable[str]]
) -> None:
    code = await code_for(tenant.people[0])
    replies = await asyncio.gather(
        *(open_browser().post("/reset", code=code, new=f"{NEW} {number}") for number in range(3))
    )
    assert sorted(reply.status_code for reply in replies) == [303, 404, 404]
    assert (await open_browser().post("/reset", code=code, new=NEW)).status_code == 404


async def test_a_link_ends(
    tenant: Tenant, open_browser: OpenBrowser, code_for: Callable[[str], Awaitable[str]], superuser: AsyncEngine
) -> None:
    code = await code_for(tenant.people[0])
    async with superuser.begin() as tx:
        [left] = (
            await tx.execute(
                text("SELECT expires_at - now() FROM password_reset WHERE company_id = :id"), {"id": tenant.company_id}
            )
        ).scalars()
        assert 25 * 60 < left.total_seconds() <= 30 * 60
        await tx.execute(text("UPDATE password_reset SET expires_at = now()"))
    reply = await open_browser().post("/reset", code=code, new=NEW)
    assert reply.status_code == 404
    assert "This link has expired or was already used. Request a new one." in Page(reply.text).text
    assert (await open_browser().sign_in(tenant.people[0])).status_code == 303


@pytest.mark.parametrize("change", ["password", "email", "deactivated", "another link"])
async def test_a_link_ends_with_what_it_was_for(
    tenant: Tenant,
    engine: AsyncEngine,
    admin: Browser,
    open_browser: OpenBrowser,
    code_for: Callable[[str], Awaitable[str]],
    stored: ReadRows,
    change: str,
) -> None:
    code = await code_for(tenant.people[0])
    people = {row["email"]: row for row in await stored("employee", tenant.company_id)}
    number = people[tenant.people[0]]["number"]
    match change:
        case "password":
            assert (await admin.send(f"/team/{number}/password", password="another sesame")).status_code == 303
        case "email":
            edit = {"name": "Bo", "email": f"new@{tenant.company_id}.example", "role": "EMPLOYEE"}
            assert (await admin.send(f"/team/{number}/account", **edit)).status_code == 303
        case "deactivated":
            by = people[tenant.admin]["employee_id"]
            await deactivate_employee(engine, tenant.company_id, number, by=by, now=datetime.now(UTC))
        case _:
            second = await code_for(tenant.people[0])
            assert (await open_browser().post("/reset", code=second, new=NEW)).status_code == 303
    assert (await open_browser().post("/reset", code=code, new="yet another sesame")).status_code == 404


@pytest.mark.parametrize(
    "code", ["", "x", "." * 9, "0" * 32 + ".guess", "https://w.example/reset#x", "\u0000", "é" * 40]
)
async def test_a_guessed_code(open_browser: OpenBrowser, code: str) -> None:
    reply = await open_browser().post("/reset", code=code, new=NEW)
    assert reply.status_code in (400, 404)


async def test_another_companys_link(
    tenant: Tenant, new_tenant: NewTenant, open_browser: OpenBrowser, code_for: Callable[[str], Awaitable[str]]
) -> None:
    """The token opens in its own company alone."""
    other = await new_tenant()
    token = (await code_for(tenant.people[0])).partition(".")[2]
    reply = await open_browser().post("/reset", code=f"{other.company_id.hex}.{token}", new=NEW)
    assert reply.status_code == 404


@contextmanager
def counted(engine: Any) -> Iterator[list[str]]:
    """The statements that an engine runs meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine.sync_engine, "before_cursor_execute", note)


async def test_the_answer_tells_nothing(
    tenant: Tenant,
    open_browser: OpenBrowser,
    engine: AsyncEngine,
    stored: ReadRows,
    mails: Callable[[], Awaitable[list[Any]]],
) -> None:
    people = {row["email"]: row for row in await stored("employee", tenant.company_id)}
    by = people[tenant.admin]["employee_id"]
    number = people[tenant.people[0]]["number"]
    await deactivate_employee(engine, tenant.company_id, number, by=by, now=datetime.now(UTC))
    statements: list[list[str]] = []
    replies: list[httpx.Response] = []
    for email in (tenant.admin, "nobody@acme.example", tenant.people[0], "no address", "x" * 500, "a\x00@x.example"):
        with counted(engine) as seen:
            replies.append(await open_browser().post("/forgot", email=email))
        statements.append(seen)
    assert {(reply.status_code, reply.headers["location"], reply.content) for reply in replies} == {
        (303, "/forgot?asked=1", b"")
    }
    assert all(seen == statements[0] for seen in statements), "the same work, so the same time"
    assert [mail["To"] for mail in await mails()] == [tenant.admin]


async def test_one_mail_lists_every_company(
    new_tenant: NewTenant, open_browser: OpenBrowser, mails: Callable[[], Awaitable[list[Any]]], new_key: NewKey
) -> None:
    email = f"consultant@{(await new_tenant()).company_id}.example"
    for name in ("Ada", "Ada L."):
        _company_id, key = await new_key()
        form = {"key": key, "name": name, "email": email, "password": "open sesame tonight"}
        assert (await open_browser().post("/setup", **form)).status_code == 303
    await open_browser().post("/forgot", email=email)
    [mail] = await mails()
    body = mail.get_content()
    codes = LINK.findall(body)
    assert len({code[:32] for code in codes}) == 2
    assert "(\u2068Ada\u2069):" in body
    assert "(\u2068Ada L.\u2069):" in body
    assert f"the password of \u2068{email}\u2069." in body, "what people typed cannot reorder the text around it"
    assert (await open_browser().post("/reset", code=codes[0], new=NEW)).status_code == 303
    assert (await open_browser().post("/reset", code=codes[1], new=NEW)).status_code == 303, "each for itself"


async def test_asking_is_limited_for_an_account_and_from_an_address(
    tenant: Tenant, open_browser: OpenBrowser, superuser: AsyncEngine
) -> None:
    browser = open_browser()
    for email, codes in ((tenant.admin, [303, 303, 303, 429]), ("nobody@acme.example", [303, 303, 303, 429])):
        replies = [await browser.post("/forgot", email=email) for _ in codes]
        assert [reply.status_code for reply in replies] == codes, "alike for those who are not there"
        assert 0 < int(replies[-1].headers["retry-after"]) <= 3600
        assert Page(replies[-1].text).field("email").value == email
    for number in range(14):
        assert (await browser.post("/forgot", email=f"{number}@acme.example")).status_code == 303
    assert (await browser.post("/forgot", email="one-more@acme.example")).status_code == 429
    async with superuser.begin() as tx:
        await tx.execute(text("UPDATE password_reset_request SET asked_at = asked_at - interval '1 hour'"))
    assert (await browser.post("/forgot", email=tenant.admin)).status_code == 303


async def test_an_ipv6_network_is_one_place(app: FastAPI) -> None:
    """One customer has a /64: its addresses are asked for together."""
    codes = []
    for number in range(21):
        transport = httpx.ASGITransport(app, client=(f"2001:db8:0:1::{number:x}", 1))
        async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
            codes.append((await http.post("/forgot", data={"email": f"{number}@acme.example"})).status_code)
    assert codes == [303] * 20 + [429]


async def test_a_mail_about_an_operators_link_shows_names_apart(
    tenant: Tenant, engine: AsyncEngine, mails: Callable[[], Awaitable[list[Any]]]
) -> None:
    how: dict[str, Any] = {"workspace_url": URL, "sends_mail": True}
    await recover_admin(engine, tenant.company_id, email=tenant.admin, **how)
    [mail] = await mails()
    assert re.search(f"\u2068{tenant.admin}\u2069 \\(\u2068[^\u2069]+\u2069\\)", mail.get_content())


async def test_a_request_waits_until_its_mail_is_queued(
    tenant: Tenant, engine: AsyncEngine, open_browser: OpenBrowser, mails: Callable[[], Awaitable[list[Any]]]
) -> None:
    await open_browser().post("/forgot", email=tenant.people[0])
    await open_browser().post("/forgot", email=tenant.admin)
    away = create_async_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(OperationalError):
        await answer_requests(engine, away, workspace_url=URL)
    assert {mail["To"] for mail in await mails()} == {tenant.people[0], tenant.admin}


async def test_an_edit_cannot_slip_between(
    tenant: Tenant,
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    superuser: AsyncEngine,
    open_browser: OpenBrowser,
    mails: Callable[[], Awaitable[list[Any]]],
) -> None:
    """The link goes to the mailbox that the account has when it is queued, or to none."""
    await open_browser().post("/forgot", email=tenant.people[0])
    async with superuser.begin() as tx:
        me = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        edit = text("UPDATE employee SET email = 'new@x.example', email_digest = 'new' WHERE email = :email")
        await tx.execute(edit, {"email": tenant.people[0]})
        answering = asyncio.ensure_future(answer_requests(engine, dispatch, workspace_url=URL))
        held = text("SELECT count(*) FROM pg_stat_activity WHERE :me = ANY(pg_blocking_pids(pid))")
        while not answering.done() and not (await tx.execute(held, {"me": me})).scalar_one():  # noqa: ASYNC110 - a lock
            await asyncio.sleep(0.01)
    assert await answering
    assert await mails() == []


async def test_at_once_they_are_counted_too(tenant: Tenant, open_browser: OpenBrowser) -> None:
    replies = await asyncio.gather(*(open_browser().post("/forgot", email=tenant.admin) for _ in range(8)))
    assert sorted(reply.status_code for reply in replies) == [303] * 3 + [429] * 5


@pytest.mark.parametrize("path", ["/forgot", "/reset"])
async def test_forms_of_another_site(open_browser: OpenBrowser, path: str) -> None:
    fields = {"email": "ada@acme.example", "code": "x", "new": NEW}
    reply = await open_browser().http.post(path, data=fields, headers={"Origin": "http://evil.example"})
    assert reply.status_code == 403


async def test_where_no_mail_leaves_the_page_says_so(
    engine: AsyncEngine, dispatch: AsyncEngine, directory: AccessDirectory, sync: AccessSync, pictures: PictureStore
) -> None:
    app = workspace_app(engine, dispatch, directory, sync, health=[], pictures=pictures, cookie_secure=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as http:
        for reply in (await http.get("/forgot"), await http.post("/forgot", data={"email": "ada@acme.example"})):
            page = Page(reply.text)
            assert "This workspace cannot send e-mail" in page.text
            assert "Ask an admin of your company" in page.text
            assert page.all("form") == []
        assert reply.status_code == 409
