"""Sessions: who gets one, what it looks like, when it ends."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.application.owners import sign_in as signing_in
from owner_portal.application.owners.create_owner import create_owner
from owner_portal.application.sweep import sweep
from owner_portal.domain.owners import ATTEMPTS_PER_ACCOUNT, SESSION_LONGEST, Caller
from servicekit.errors import InvalidInput, NotAuthenticated

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
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    stolen = httpx.Cookies(anonymous.cookies)
    answer = await anonymous.post("/owner/logout/", data={"csrf_token": token})
    assert answer.status_code == 303
    assert not anonymous.cookies
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
    assert (answer.status_code, answer.json()["error"]["kind"]) == (401, "not_authenticated")
    answer = await owner.script.post("/owner/login/", content=b"[1]", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "invalid_input")


@pytest.mark.usefixtures("owner")
async def test_wrong_password_keeps_the_email(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post("/owner/login/", data={"email": "who@else.example", "password": "wrong"})
    assert answer.status_code == 401
    assert "who@else.example" in answer.text
    assert "E-mail or password is wrong." in answer.text


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
        assert (await tx.execute(seen)).scalar_one() == 1, "a page asked for starts the idle time anew"
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
            began = {"age": SESSION_LONGEST + timedelta(hours=hours)}
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
    verify = signing_in.verify_password

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
    for _ in range(ATTEMPTS_PER_ACCOUNT):
        assert (await anonymous.post("/owner/login/", data=form)).status_code == 401
    answer = await anonymous.post("/owner/login/", data=form)
    assert answer.status_code == 429
    assert (await sign_in(anonymous)).status_code == 303, "another account is not held up"


@pytest.mark.usefixtures("owner")
async def test_slows_down_an_address(anonymous: httpx.AsyncClient, sign_in: SignIn, engine: AsyncEngine) -> None:
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE sign_in_attempt SET attempts = 50 WHERE subject LIKE 'address %'"))
    assert (await sign_in(anonymous)).status_code == 429
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE sign_in_attempt SET since = now() - interval '16 minutes'"))
    assert (await sign_in(anonymous)).status_code == 303, "the window is over"
