"""One e-mail in several companies: one hash for each attempt, and a choice between companies."""

import asyncio
import contextlib
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from credentials import hashing
from credentials.throttle import BUDGETS, CountKind, subject
from servicekit.errors import NotAuthenticated, RateLimited
from servicekit.http_proxies import trust_proxies
from services.tracking.tests.fixtures.platform import ChangeAccess, NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import AccessSync
from tracking.db.store.scope import company_scope
from tracking.maintenance import UnlimitedSeats
from tracking.people import store as employees
from tracking.people.use_cases import add_employee
from tracking.processes.workspace import workspace_app
from tracking.screenshots.store.pictures import PictureStore
from tracking.sign_in.store.sign_in_attempts import ATTEMPTS, NO_COMPANY
from tracking.sign_in.use_cases.log_in import log_in
from tracking.sign_in.use_cases.throttle import account_subject
from tracking.sign_in.use_cases.workspace_sign_in import Choice, sign_in
from tracking.workspace.rules.visitors import Ticket

SUSPENDED = "Company subscription is suspended"


def offered(page: httpx.Response) -> dict[str, str]:
    """The companies to choose from, each with its form's token."""
    forms = [Page(form).values() for form in Page(page.text).all("form[action='/login/company']")]
    return {form["company"]: form["csrf_token"] for form in forms}


def token_of(page: httpx.Response) -> str:
    """The token of the choice."""
    [token] = set(offered(page).values())
    return token


@pytest.fixture
async def two(new_tenant: NewTenant, engine: AsyncEngine) -> tuple[Tenant, Tenant, str]:
    """Two companies with an account of the same e-mail and password: theirs, and the e-mail."""
    first, second = await new_tenant(), await new_tenant()
    account: dict[str, Any] = {"name": "Consultant", "email": first.people[0], "password": first.password}
    await add_employee(engine, second.company_id, seats=UnlimitedSeats(), **account)
    return first, second, first.people[0]


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each hash."""
    hashed: list[int] = []
    run = hashing.HashQueue.run

    def count_and_run(*given: Any) -> Any:
        hashed.append(1)
        return run(*given)

    monkeypatch.setattr(hashing.HashQueue, "run", count_and_run)
    return hashed


async def test_a_choice_where_the_password_opens_several(
    open_browser: OpenBrowser, two: tuple[Tenant, Tenant, str]
) -> None:
    first, second, email = two
    browser = open_browser()
    page = await browser.sign_in(email)
    assert page.status_code == 200
    tokens = offered(page)
    assert set(tokens) == {first.company_id.hex, second.company_id.hex}
    assert first.admin in Page(page.text).texts("bdi")
    assert "workspace" not in browser.http.cookies, "nothing is open yet"
    form = {"company": second.company_id.hex, "csrf_token": tokens[second.company_id.hex]}
    reply = await browser.http.post("/login/company", data=form)
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    assert browser.http.cookies["workspace"].startswith(second.company_id.hex)
    assert "workspace-choice" not in browser.http.cookies
    assert (await browser.http.post("/login/company", data=form)).status_code == 403, "it was taken"


async def test_a_choice_is_of_what_was_offered_in_this_browser_alone(
    open_browser: OpenBrowser, two: tuple[Tenant, Tenant, str], new_tenant: NewTenant
) -> None:
    first, _, email = two
    stranger = await new_tenant()
    browser = open_browser()
    page = await browser.sign_in(email)
    token = token_of(page)
    for company in (stranger.company_id.hex, "nonsense", ""):
        reply = await browser.http.post("/login/company", data={"company": company, "csrf_token": token})
        assert reply.status_code in (400, 401)
        browser = open_browser()
        token = token_of(await browser.sign_in(email))
    form = {"company": first.company_id.hex, "csrf_token": token}
    assert (await open_browser().http.post("/login/company", data=form)).status_code == 403
    assert (await browser.http.post("/login/company", data=form | {"csrf_token": "0"})).status_code == 403
    foreign = await browser.http.post("/login/company", data=form, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403


async def test_a_suspended_company_hides_none(
    open_browser: OpenBrowser, two: tuple[Tenant, Tenant, str], suspend: ChangeAccess
) -> None:
    first, second, email = two
    await suspend(first)
    browser = open_browser()
    page = await browser.sign_in(email)
    assert SUSPENDED in Page(page.text).text
    form = {"company": second.company_id.hex, "csrf_token": token_of(page)}
    assert (await browser.http.post("/login/company", data=form)).status_code == 303
    browser = open_browser()
    token = token_of(await browser.sign_in(email))
    reply = await browser.http.post("/login/company", data={"company": first.company_id.hex, "csrf_token": token})
    assert reply.status_code == 403
    assert SUSPENDED in Page(reply.text).text


async def test_every_attempt_costs_one_hash(
    two: tuple[Tenant, Tenant, str],
    engine: AsyncEngine,
    hashes: list[int],
    superuser: AsyncEngine,
    new_tenant: NewTenant,
) -> None:
    """For an unknown e-mail, a deactivated account, one company or several, in the workspace and at the gateway."""
    first, _second, email = two
    gone = await new_tenant()
    async with superuser.begin() as tx:
        statement = text("UPDATE employee SET active = false WHERE company_id = :id AND email = :email")
        await tx.execute(statement, {"id": gone.company_id, "email": gone.people[0]})
    now = datetime.now(UTC)
    for tried in (email, gone.people[0], gone.admin, "nobody@acme.example"):
        for attempt in (
            sign_in(engine, email=tried, password="guess", origin="192.0.2.50", now=now),
            log_in(engine, first.company_id, email=tried, password="guess", origin="192.0.2.50", now=now),
            log_in(engine, gone.company_id, email=tried, password="guess", origin="192.0.2.50", now=now),
        ):
            hashes.clear()
            with pytest.raises(NotAuthenticated):
                await attempt
            assert hashes == [1], tried


async def test_accounts_of_before_open_and_come_together(
    two: tuple[Tenant, Tenant, str], engine: AsyncEngine, superuser: AsyncEngine, stored: ReadRows, hashes: list[int]
) -> None:
    """Their hashes had salts of their own: the oldest account is compared, the others at their desktops."""
    first, second, email = two
    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=2)
    async with superuser.begin() as tx:
        for tenant in (first, second):
            statement = text("UPDATE employee SET password_hash = :old WHERE company_id = :id AND email = :email")
            await tx.execute(statement, {"old": old.hash("short"), "id": tenant.company_id, "email": email})
    account: dict[str, Any] = {"email": email, "password": "short", "origin": "192.0.2.51", "now": datetime.now(UTC)}
    opened = await sign_in(engine, **account)
    assert isinstance(opened, Ticket)
    assert opened.company_id == first.company_id
    hashes.clear()
    with pytest.raises(NotAuthenticated):
        await sign_in(engine, **account | {"password": "guess"})
    assert hashes == [1]
    await log_in(engine, second.company_id, **account)
    kept = [row for t in two[:2] for row in await stored("employee", t.company_id) if row["email"] == email]
    assert kept[0]["password_hash"] == kept[1]["password_hash"]
    choice = await sign_in(engine, **account)
    assert isinstance(choice, Choice)
    assert set(choice.company_ids) == {first.company_id, second.company_id}


async def test_who_makes_an_account_of_the_same_email_gains_nothing(
    open_browser: OpenBrowser, new_tenant: NewTenant, engine: AsyncEngine
) -> None:
    victim, other = await new_tenant(), await new_tenant()
    mine = "another password of mine"
    account: dict[str, Any] = {"name": "Mallory", "email": victim.people[0], "password": mine}
    await add_employee(engine, other.company_id, seats=UnlimitedSeats(), **account)
    now = datetime.now(UTC)
    for number in range(60):
        password = mine if number % 10 == 9 else f"guess {number}"
        with contextlib.suppress(NotAuthenticated, RateLimited):
            await sign_in(engine, email=victim.people[0], password=password, origin="192.0.2.52", now=now)
    async with company_scope(engine, victim.company_id) as tx:
        count = await ATTEMPTS.read(tx, account_subject(victim.company_id, victim.people[0]))
    assert count is not None
    assert count.used <= BUDGETS[CountKind.PAIR].window
    with pytest.raises((NotAuthenticated, RateLimited)):  # the victim's account is not compared from there any more
        await sign_in(engine, email=victim.people[0], password=victim.password, origin="192.0.2.52", now=now)
    assert (await open_browser().sign_in(victim.people[0])).status_code == 303, "and the victim is not kept out"


async def test_an_old_account_that_is_given_the_email_shuts_nobody_out(
    two: tuple[Tenant, Tenant, str], new_tenant: NewTenant, engine: AsyncEngine, superuser: AsyncEngine
) -> None:
    """It is older and unused since passwords were hashed without a salt of their e-mail."""
    first, second, email = two
    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=2).hash("another password of mine")
    other = await new_tenant()
    async with superuser.begin() as tx:
        statement = "UPDATE employee SET created_at = '2020-01-01', email_at = '2020-01-01', password_hash = :old"
        values = {"old": old, "id": other.company_id, "email": other.people[0]}
        await tx.execute(text(f"{statement} WHERE company_id = :id AND email = :email"), values)
    async with company_scope(engine, other.company_id) as tx:
        account = await employees.by_email(tx, other.people[0])
        assert account is not None
        await employees.update(tx, replace(account, email=email), changed_by=account.employee_id)
    now = datetime.now(UTC)
    choice = await sign_in(engine, email=email, password=first.password, origin="192.0.2.54", now=now)
    assert isinstance(choice, Choice)
    assert set(choice.company_ids) == {first.company_id, second.company_id}


async def test_a_refusal_does_not_tell_of_other_companies(
    two: tuple[Tenant, Tenant, str], engine: AsyncEngine, superuser: AsyncEngine
) -> None:
    """An admin makes an account of the e-mail, uses its attempts up, and sees when the next one is admitted."""
    first, _, email = two
    now, waits = datetime.now(UTC), set()
    sooner = text("UPDATE sign_in_attempt SET ends_at = now() + interval '1 minute' WHERE company_id = :id")
    for tried in (email, first.admin):  # in two companies, and in one
        attempt: dict[str, Any] = {"email": tried, "password": "guess", "origin": "192.0.2.58", "now": now}
        for _ in range(BUDGETS[CountKind.PAIR].window):
            with pytest.raises(NotAuthenticated):
                await sign_in(engine, **attempt)
        for _ in range(2):
            with pytest.raises(RateLimited) as refused:
                await sign_in(engine, **attempt)
            waits.add(refused.value.retry_after)
            async with superuser.begin() as tx:
                await tx.execute(sooner, {"id": first.company_id})
    assert waits == {900}


async def test_a_choice_gives_the_address_one_attempt_back(
    two: tuple[Tenant, Tenant, str], engine: AsyncEngine
) -> None:
    """However many companies there are to choose from: who has accounts in several gets no guesses at others for it."""
    first, _, email = two
    now, origin, network = datetime.now(UTC), "192.0.2.55", subject(CountKind.ADDRESS, "192.0.2.55")

    async def used() -> int:
        async with company_scope(engine, NO_COMPANY) as tx:
            count = await ATTEMPTS.read(tx, network)
        return count.used if count else 0

    for number in range(3):
        with pytest.raises(NotAuthenticated):
            await sign_in(engine, email=f"p{number}@else.example", password="guess", origin=origin, now=now)
    assert isinstance(await sign_in(engine, email=email, password=first.password, origin=origin, now=now), Choice)
    assert await used() == 3


async def test_many_who_sign_in_at_once_wait_for_each_other_in_no_ring(
    two: tuple[Tenant, Tenant, str], engine: AsyncEngine
) -> None:
    """Into one company and into both, from one address: their counts and accounts are locked by all of them."""
    first, second, email = two
    account: dict[str, Any] = {
        "email": email,
        "password": first.password,
        "origin": "192.0.2.56",
        "now": datetime.now(UTC),
    }
    for _ in range(3):
        await asyncio.gather(
            *(sign_in(engine, **account) for _ in range(3)),
            *(log_in(engine, tenant.company_id, **account) for tenant in (first, second) for _ in range(2)),
        )


async def test_composed_and_decomposed_are_one_password(
    engine: AsyncEngine, new_tenant: NewTenant, open_browser: OpenBrowser
) -> None:
    tenant = await new_tenant()
    composed = "größere Öltanker"
    account: dict[str, Any] = {"name": "Zoë", "email": "zoe@nfc.example", "password": composed}
    await add_employee(engine, tenant.company_id, seats=UnlimitedSeats(), **account)
    typed = unicodedata.normalize("NFD", composed)
    assert (await open_browser().sign_in("zoe@nfc.example", typed)).status_code == 303
    now = datetime.now(UTC)
    device = await log_in(
        engine, tenant.company_id, email="zoe@nfc.example", password=typed, origin="192.0.2.53", now=now
    )
    assert device.token


async def test_signing_in_again_ends_the_session_before(open_browser: OpenBrowser, tenant: Tenant) -> None:
    browser = open_browser()
    await browser.sign_in(tenant.people[0])
    before = dict(browser.http.cookies)
    await browser.sign_in(tenant.people[0])
    assert (await browser.see("/")).status_code == 200
    other = open_browser()
    other.http.cookies.update(before)
    assert (await other.see("/")).status_code == 303


async def test_signing_out_always_works(
    open_browser: OpenBrowser, new_tenant: NewTenant, suspend: ChangeAccess
) -> None:
    tenant = await new_tenant()
    browser = open_browser()
    await browser.sign_in(tenant.people[0])
    token = (await browser.page("/")).field("csrf_token").value
    kept = dict(browser.http.cookies)
    await suspend(tenant)
    assert (await browser.http.post("/logout", data={"csrf_token": "0"})).status_code == 403
    reply = await browser.http.post("/logout", data={"csrf_token": token})
    assert (reply.status_code, reply.headers["location"]) == (303, "/login")
    assert "workspace" not in browser.http.cookies
    headers = {"Cookie": f"workspace={kept['workspace']}"}
    reply = await open_browser().http.post("/logout", data={"csrf_token": token}, headers=headers)
    assert (reply.status_code, reply.headers["location"]) == (303, "/login"), "the session was over"
    assert "Max-Age=0" in reply.headers["set-cookie"]


async def test_an_admin_sees_guesses_and_lifts_them(admin: Browser, tenant: Tenant, engine: AsyncEngine) -> None:
    now = datetime.now(UTC)
    for number in range(BUDGETS[CountKind.ACCOUNT].window):
        guess = {"email": tenant.people[1], "password": "guess", "origin": f"203.0.113.{number}"}
        with pytest.raises(NotAuthenticated):
            await sign_in(engine, **guess, now=now)
    people = [str(link["href"]) for link in (await admin.page("/team")).all("a[href^='/team/']")]
    pages = {person: (await admin.page(f"{person}/account")).text for person in people}
    (guessed,) = [person for person, page in pages.items() if "Failed sign-ins" in page]
    assert "Sign-in from new browsers and addresses is paused." in pages[guessed]
    assert (await admin.send(f"{guessed}/unlock")).status_code == 303
    assert "Failed sign-ins" not in (await admin.page(f"{guessed}/account")).text
    account: dict[str, Any] = {
        "email": tenant.people[1],
        "password": tenant.password,
        "origin": "203.0.113.1",
        "now": now,
    }
    assert isinstance(await sign_in(engine, **account), Ticket)


async def test_only_admins_lift(employee: Browser, open_browser: OpenBrowser) -> None:
    assert (await employee.send("/team/1/unlock")).status_code == 403
    assert (await open_browser().send("/team/1/unlock")).headers["location"] == "/login"


async def test_a_refused_sign_in_says_when(open_browser: OpenBrowser, new_tenant: NewTenant) -> None:
    tenant = await new_tenant()
    browser = open_browser()
    for _ in range(BUDGETS[CountKind.PAIR].window):
        assert (await browser.sign_in(tenant.people[0], "guess")).status_code == 401
    reply = await browser.sign_in(tenant.people[0])
    assert reply.status_code == 429
    assert 1 <= int(reply.headers["retry-after"]) <= 900


async def test_behind_a_trusted_proxy_each_browser_is_one_of_its_own(
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    directory: AccessDirectory,
    sync: AccessSync,
    pictures: PictureStore,
    new_tenant: NewTenant,
) -> None:
    tenant = await new_tenant(people=2)
    app = workspace_app(engine, dispatch, directory, sync, health=[], pictures=pictures, cookie_secure=False)
    transport = httpx.ASGITransport(trust_proxies(app, ("10.0.0.0/8",)), client=("10.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://workspace") as proxy:

        async def send(forwarded: str, email: str, password: str) -> int:
            proxy.cookies.clear()
            form = {"email": email, "password": password}
            headers = {"X-Forwarded-For": forwarded}
            return (await proxy.post("/login", data=form, headers=headers)).status_code

        for number in range(BUDGETS[CountKind.PAIR].window):
            assert await send(f"203.0.113.{number}, 198.51.100.61", tenant.people[0], "guess") == 401
        assert await send("203.0.113.99, 198.51.100.61", tenant.people[0], tenant.password) == 429
        assert await send("198.51.100.61, 198.51.100.62", tenant.people[0], tenant.password) == 303
        assert await send("198.51.100.62", tenant.people[1], tenant.password) == 303
