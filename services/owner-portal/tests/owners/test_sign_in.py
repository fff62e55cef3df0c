"""Sessions: who gets one, what it looks like, when it ends."""

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from credentials import hashing
from credentials.passwords import is_current, verify_password
from credentials.throttle import BUDGETS, CountKind
from credentials.tokens import token_digest
from owner_portal.owners.rules.accounts import MAX_SESSION_AGE, Caller
from owner_portal.owners.use_cases import failed_sign_ins
from owner_portal.owners.use_cases import sign_in as signing_in
from owner_portal.owners.use_cases.accounts import create_owner, deactivate_owner
from owner_portal.owners.use_cases.sweep import sweep
from servicekit.errors import InvalidInput, NotAuthenticated, RateLimited
from testkit.pages import Page

SignIn = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


async def age(engine: AsyncEngine, hours: float) -> None:
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE owner_session SET last_seen_at = now() - :age"), {"age": timedelta(hours=hours)})


async def test_signs_in_and_out(owner: Any, anonymous: httpx.AsyncClient, sign_in: SignIn) -> None:
    answer = await sign_in(anonymous)
    assert (answer.status_code, answer.headers["location"]) == (303, "/owner/dashboard/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = await anonymous.get("/owner/dashboard/")
    assert page.status_code == 200
    token = Page(page.text).field("csrf_token", form="[action='/owner/logout/']").value
    stolen = httpx.Cookies(anonymous.cookies)
    answer = await anonymous.post("/owner/logout/", data={"csrf_token": token})
    assert answer.status_code == 303
    assert set(anonymous.cookies) == {"tenantry-owner-browser"}
    anonymous.cookies = stolen
    assert (await anonymous.get("/owner/dashboard/")).status_code == 303
    assert (await owner.browser.get("/owner/dashboard/")).status_code == 200, "another session lives on"


async def test_database_holds_no_token(owner: Any, engine: AsyncEngine) -> None:
    token = next(iter(owner.browser.cookies.values()))
    async with engine.begin() as tx:
        rows = (await tx.execute(text("SELECT s::text FROM owner_session s"))).scalars().all()
    assert rows
    assert not any(token in row or token.encode().hex() in row or owner.csrf_token in row for row in rows)


async def test_json(owner: Any) -> None:
    answer = await owner.script.post("/owner/login/", json={"email": "owner@tenantry.example", "password": "wrong"})
    assert (answer.status_code, answer.json()["kind"]) == (401, "not_authenticated")
    answer = await owner.script.post("/owner/login/", content=b"[1]", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")


@pytest.mark.usefixtures("owner")
async def test_wrong_password_keeps_the_email(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post("/owner/login/", data={"email": "who@else.example", "password": "wrong"})
    assert answer.status_code == 401
    page = Page(answer.text)
    assert page.field("email").value == "who@else.example"
    assert page.alerts == ["Wrong e-mail or password."]


@pytest.mark.usefixtures("owner")
async def test_refuses_another_sites_form(anonymous: httpx.AsyncClient) -> None:
    form = {"email": "owner@tenantry.example", "password": "correct horse battery"}
    for header in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        answer = await anonymous.post("/owner/login/", data=form, headers=header)
        assert answer.status_code == 403
        assert not anonymous.cookies


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/owner/\\evil", "/owner/dashboard/"])
@pytest.mark.usefixtures("owner")
async def test_leads_back_into_the_portal_only(anonymous: httpx.AsyncClient, target: str) -> None:
    form = {"email": "owner@tenantry.example", "password": "correct horse battery", "next": target}
    answer = await anonymous.post("/owner/login/", data=form)
    assert answer.headers["location"] == "/owner/dashboard/"


@pytest.mark.usefixtures("owner")
async def test_idle_session_ends(anonymous: httpx.AsyncClient, sign_in: SignIn, engine: AsyncEngine) -> None:
    await sign_in(anonymous)
    await age(engine, 11.9)
    assert (await anonymous.get("/owner/dashboard/")).status_code == 200
    async with engine.begin() as tx:
        seen = text("SELECT count(*) FROM owner_session WHERE last_seen_at > now() - interval '1 minute'")
        assert (await tx.execute(seen)).scalar_one() == 1, "opening a page restarts the idle time"
    await age(engine, 12.1)
    assert (await anonymous.get("/owner/dashboard/")).status_code == 303
    await sweep(engine)
    async with engine.begin() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM owner_session"))).scalar_one() == 0


@pytest.mark.usefixtures("owner")
async def test_what_a_page_asks_by_itself_keeps_no_session_alive(
    anonymous: httpx.AsyncClient, sign_in: SignIn, engine: AsyncEngine
) -> None:
    await sign_in(anonymous)
    await age(engine, 11.9)
    assert (await anonymous.get("/owner/dashboard/", headers={"x-by-itself": "true"})).status_code == 200
    async with engine.begin() as tx:
        seen = text("SELECT count(*) FROM owner_session WHERE last_seen_at > now() - interval '1 minute'")
        assert (await tx.execute(seen)).scalar_one() == 0


@pytest.mark.usefixtures("owner")
async def test_a_busy_session_ends_after_a_week(
    anonymous: httpx.AsyncClient, sign_in: SignIn, engine: AsyncEngine
) -> None:
    await sign_in(anonymous)
    for hours, status in ((-1, 200), (1, 303)):
        async with engine.begin() as tx:
            began = {"age": MAX_SESSION_AGE + timedelta(hours=hours)}
            await tx.execute(text("UPDATE owner_session SET created_at = now() - :age"), began)
        assert (await anonymous.get("/owner/dashboard/")).status_code == status
    await sweep(engine)
    async with engine.begin() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM owner_session"))).scalar_one() == 0


@pytest.mark.usefixtures("owner")
async def test_signing_in_again_ends_the_session_before(anonymous: httpx.AsyncClient, sign_in: SignIn) -> None:
    await sign_in(anonymous)
    before = httpx.Cookies(anonymous.cookies)
    assert (await sign_in(anonymous)).status_code == 303
    assert (await anonymous.get("/owner/dashboard/")).status_code == 200
    anonymous.cookies = before
    assert (await anonymous.get("/owner/dashboard/")).status_code == 303


@pytest.mark.usefixtures("owner")
async def test_new_password_ends_sessions(anonymous: httpx.AsyncClient, sign_in: SignIn, engine: AsyncEngine) -> None:
    await sign_in(anonymous)
    await create_owner(engine, email=" Owner@Tenantry.example", password="correct horse battery")
    assert (await anonymous.get("/owner/dashboard/")).status_code == 303
    with pytest.raises(InvalidInput):
        await create_owner(engine, email="owner@tenantry.example", password="short")


async def test_who_signs_in_while_the_password_changes_is_not_let_in(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    email, caller = "hurried@tenantry.example", Caller("127.0.0.1", "a browser")
    await create_owner(engine, email=email, password="correct horse battery")
    verify = verify_password

    async def verify_and_change(*args: Any) -> bool:
        right = await verify(*args)
        await create_owner(engine, email=email, password="another horse battery")
        return right

    monkeypatch.setattr(signing_in, "verify_password", verify_and_change)
    with pytest.raises(NotAuthenticated):
        await signing_in.sign_in(engine, email=email, password="correct horse battery", caller=caller)
    monkeypatch.undo()
    assert (await signing_in.sign_in(engine, email=email, password="another horse battery", caller=caller)).session


@pytest.mark.usefixtures("owner")
async def test_slows_down_guessing(anonymous: httpx.AsyncClient, sign_in: SignIn) -> None:
    form = {"email": "guessed@tenantry.example", "password": "wrong"}
    for _ in range(BUDGETS[CountKind.PAIR].window):
        assert (await anonymous.post("/owner/login/", data=form)).status_code == 401
    answer = await anonymous.post("/owner/login/", data=form)
    assert answer.status_code == 429
    assert (await sign_in(anonymous)).status_code == 303, "another account is not held up"


@pytest.mark.usefixtures("owner")
async def test_slows_down_an_address(anonymous: httpx.AsyncClient, sign_in: SignIn, engine: AsyncEngine) -> None:
    await forget_attempts(engine)
    for number in range(BUDGETS[CountKind.ADDRESS].window):
        form = {"email": f"guessed{number}@tenantry.example", "password": "wrong"}
        assert (await anonymous.post("/owner/login/", data=form)).status_code == 401
    answer = await sign_in(anonymous)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 900
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE sign_in_attempt SET ends_at = now()"))
    assert (await sign_in(anonymous)).status_code == 303, "the window is over"


async def forget_attempts(engine: AsyncEngine) -> None:
    async with engine.begin() as tx:
        await tx.execute(text("DELETE FROM sign_in_attempt"))


async def test_no_stranger_keeps_out_an_owner_with_a_known_browser(
    engine: AsyncEngine, owner: Any, anonymous: httpx.AsyncClient, sign_in: SignIn
) -> None:
    """The only owner, and strangers at as many addresses as they like."""
    await forget_attempts(engine)
    assert owner
    assert (await sign_in(anonymous)).status_code == 303, "the browser is known from now on"
    for number in range(BUDGETS[CountKind.ACCOUNT].window):
        with pytest.raises(NotAuthenticated):
            await signing_in.sign_in(
                engine, email="owner@tenantry.example", password="wrong", caller=Caller(f"192.0.2.{number}", "")
            )
    right = {"email": "owner@tenantry.example", "password": "correct horse battery"}
    with pytest.raises(RateLimited):
        await signing_in.sign_in(engine, **right, caller=Caller("198.51.100.1", ""))
    assert (await sign_in(anonymous)).status_code == 303
    lines = [line async for line in failed_sign_ins.list_failed_sign_ins(engine)]
    assert any(line.startswith("owner@") and line.endswith("new browsers are refused") for line in lines)
    page = Page((await anonymous.get("/owner/owners/")).text)
    failed = BUDGETS[CountKind.ACCOUNT].window
    assert f"{failed} failed, 1 refused sign-in from unknown browsers in 24 hours" in page.texts("tbody .badge")
    await failed_sign_ins.lift(engine, "Owner@tenantry.example")
    assert (await signing_in.sign_in(engine, **right, caller=Caller("198.51.100.1", ""))).session


async def test_one_address_cannot_lock_an_owner_out(engine: AsyncEngine, owner: Any) -> None:
    await forget_attempts(engine)
    assert owner
    for _ in range(200):
        with pytest.raises((NotAuthenticated, RateLimited)):
            await signing_in.sign_in(
                engine, email="owner@tenantry.example", password="wrong", caller=Caller("192.0.2.1", "")
            )
    right = {"email": "owner@tenantry.example", "password": "correct horse battery"}
    assert (await signing_in.sign_in(engine, **right, caller=Caller("192.0.2.2", ""))).session


async def browsers_of(engine: AsyncEngine, email: str) -> list[bytes]:
    statement = "SELECT digest FROM known_browser k JOIN owner o ON o.id = k.owner_id WHERE o.email = :email"
    async with engine.begin() as tx:
        return [bytes(digest) for digest in (await tx.execute(text(statement), {"email": email})).scalars()]


async def test_known_browsers_are_few_and_end_with_the_password(engine: AsyncEngine, owner: Any) -> None:
    await forget_attempts(engine)
    assert owner
    email, password = "many@tenantry.example", "correct horse battery"
    await create_owner(engine, email=email, password=password)
    for number in range(23):
        caller = Caller("192.0.2.80", "a browser", token_digest(f"browser {number}"))
        await signing_in.sign_in(engine, email=email, password=password, caller=caller)
    known = await browsers_of(engine, email)
    assert len(known) == 20
    assert caller.browser in known
    await create_owner(engine, email=email, password="another horse battery")
    assert await browsers_of(engine, email) == []
    await signing_in.sign_in(engine, email=email, password="another horse battery", caller=caller)
    async with engine.begin() as tx:
        owner_id = (await tx.execute(text("SELECT id FROM owner WHERE email = :email"), {"email": email})).scalar_one()
    await deactivate_owner(engine, actor="owner@tenantry.example", owner_id=owner_id, reason="has left")
    assert await browsers_of(engine, email) == []


async def test_many_who_sign_in_at_once_wait_for_each_other_in_no_ring(engine: AsyncEngine) -> None:
    """From one address, to accounts whose hashes are replaced meanwhile."""
    await forget_attempts(engine)
    emails, password = [f"at.once{number}@tenantry.example" for number in range(4)], "correct horse battery"
    for email in emails:
        await create_owner(engine, email=email, password=password)
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=2)
    for _ in range(3):
        async with engine.begin() as tx:
            for email in emails:
                values = {"email": email, "hash": hasher.hash(password)}
                await tx.execute(text("UPDATE owner SET password_hash = :hash WHERE email = :email"), values)
        answers = await asyncio.gather(
            *(
                signing_in.sign_in(engine, email=email, password=password, caller=Caller("192.0.2.81", "a browser"))
                for email in emails * 3
            ),
            return_exceptions=True,
        )
        # A sign-in that waited while another one replaced the hash has to be repeated.
        assert not [found for found in answers if isinstance(found, Exception) and type(found) is not NotAuthenticated]


async def test_every_attempt_costs_one_hash(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    await forget_attempts(engine)
    await create_owner(engine, email="gone@tenantry.example", password="correct horse battery")
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE owner SET deactivated_at = now() WHERE email = 'gone@tenantry.example'"))
    hashed: list[int] = []
    run = hashing.HashQueue.run

    def count_and_run(*given: Any) -> Any:
        hashed.append(1)
        return run(*given)

    monkeypatch.setattr(hashing.HashQueue, "run", count_and_run)
    for email in ("nobody@tenantry.example", "gone@tenantry.example", "owner@tenantry.example"):
        hashed.clear()
        with pytest.raises(NotAuthenticated):
            await signing_in.sign_in(engine, email=email, password="wrong", caller=Caller("192.0.2.77", ""))
        assert hashed == [1]


@pytest.mark.usefixtures("owner")
async def test_a_password_of_before_opens_and_is_hashed_again(engine: AsyncEngine) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=2).hash("short")
    await create_owner(engine, email="early@tenantry.example", password="correct horse battery")
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE owner SET password_hash = :old WHERE email LIKE 'early@%'"), {"old": old})
    for _ in range(2):
        caller = Caller("192.0.2.78", "")
        assert (
            await signing_in.sign_in(engine, email="early@tenantry.example", password="short", caller=caller)
        ).session
        async with engine.begin() as tx:
            kept = (await tx.execute(text("SELECT password_hash FROM owner WHERE email LIKE 'early@%'"))).scalar_one()
        assert is_current(kept)


async def test_composed_and_decomposed_are_one_password(engine: AsyncEngine) -> None:
    composed = "gr\u00f6\u00dfere \u00d6ltanker"
    await create_owner(engine, email="nfc@tenantry.example", password=composed)
    typed = unicodedata.normalize("NFD", composed)
    caller = Caller("192.0.2.79", "")
    assert (await signing_in.sign_in(engine, email="nfc@tenantry.example", password=typed, caller=caller)).session


@pytest.mark.parametrize("password", ["password1234", " " * 12, "owner@tenantry.example", "short"])
async def test_what_is_no_new_password(engine: AsyncEngine, password: str) -> None:
    with pytest.raises(InvalidInput):
        await create_owner(engine, email="owner@tenantry.example", password=password)


async def test_signing_out_without_a_session_clears_the_cookie(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post("/owner/logout/", headers={"cookie": "tenantry-owner=over"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/owner/login/")
    assert "tenantry-owner=" in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
