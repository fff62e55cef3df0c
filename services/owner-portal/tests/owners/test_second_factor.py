"""The second factor: setting it up, signing in with it, and what happens without the device."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.throttle import BUDGETS, CountKind
from owner_portal.owners.rules import accounts as rules
from owner_portal.owners.rules.accounts import Caller
from owner_portal.owners.store import accounts
from owner_portal.owners.use_cases.accounts import create_owner
from owner_portal.owners.use_cases.sign_in import authenticate, open_session, sign_in
from servicekit.errors import NotAuthenticated
from testkit.pages import Page
from testkit.waiting import eventually

PASSWORD = "correct horse battery"
FACTOR = "/owner/account/second-factor/"
Codes = Callable[[], str]


@pytest.fixture
async def script(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A script without a session."""
    async with httpx.AsyncClient(base_url=url, headers={"accept": "application/json"}) as client:
        yield client


def codes_of(secret: str) -> Codes:
    """Each call gives the following code, the present one first: the first two are good at once."""
    totp, step = pyotp.TOTP(secret), int(time.time()) // 30 - 1

    def following() -> str:
        nonlocal step
        step += 1
        return str(totp.generate_otp(step))

    return following


async def set_up(owner: Any) -> tuple[Codes, list[str]]:
    """Turns it on; how to get codes, and the recovery codes."""
    offer = (await owner.call(FACTOR)).json()
    codes = codes_of(offer["secret"])
    answer = await owner.call(f"{FACTOR}confirm/", code=codes())
    assert answer.status_code == 200, answer.text
    return codes, answer.json()["recovery_codes"]


async def challenge(client: httpx.AsyncClient, email: str) -> str:
    """What the right password is answered with."""
    answer = await client.post("/owner/login/", json={"email": email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["kind"]) == (401, "code_required")
    assert not answer.cookies
    token: str = answer.json()["challenge"]
    return token


async def try_code(client: httpx.AsyncClient, email: str, code: str) -> int:
    body = {"challenge": await challenge(client, email), "code": code}
    return (await client.post("/owner/login/code/", json=body)).status_code


async def rows(engine: AsyncEngine, statement: str) -> list[str]:
    async with engine.begin() as tx:
        return [str(value) for value in (await tx.execute(text(statement))).scalars()]


async def test_sets_it_up_and_signs_in_with_it(enter: Any, anonymous: httpx.AsyncClient, engine: AsyncEngine) -> None:
    owner = await enter("browser@tenantry.example")
    assert "Set up a second factor" in Page((await owner.browser.get("/owner/account/")).text).texts("button")
    offered = await owner.send(FACTOR)
    assert (offered.status_code, offered.headers["location"]) == (303, FACTOR)
    answer = await owner.browser.get(FACTOR)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    page = Page(answer.text)
    assert page.all("main svg.qr")
    assert not page.all("[style]")
    secret = page.part("#secret").text.replace(" ", "")
    reloaded = Page((await owner.browser.get(FACTOR)).text)
    assert reloaded.part("#secret").text.replace(" ", "") == secret, "reloading makes no other secret"
    codes = codes_of(secret)
    wrong = await owner.send(f"{FACTOR}confirm/", code="000000")
    assert wrong.status_code == 400
    page = Page(wrong.text)
    assert any("Wrong code" in alert for alert in page.alerts)
    assert page.part("#secret").text.replace(" ", "") == secret, "the same secret is still on the page"
    sign_in = {"email": "browser@tenantry.example", "password": PASSWORD}
    assert (await anonymous.post("/owner/login/", data=sign_in)).status_code == 303, "not on before a code was shown"
    anonymous.cookies.clear()

    done = await owner.send(f"{FACTOR}confirm/", code=codes())
    assert done.status_code == 303
    shown = done.headers["location"]
    done = await owner.browser.get(shown)
    assert (await owner.browser.get(shown)).status_code == 404, "shown once"
    recovery = Page(done.text).part("#codes").text.split()
    assert len(set(recovery)) == 10
    stored = await rows(engine, "SELECT f::text FROM second_factor f UNION SELECT r::text FROM recovery_code r")
    for found in stored:
        assert secret not in found
        assert secret.encode().hex() not in found
        assert not any(code in found or code.replace("-", "") in found for code in recovery)

    answer = await anonymous.post("/owner/login/", data=sign_in | {"next": "/owner/reports/"})
    assert answer.status_code == 200
    assert not anonymous.cookies
    token = Page(answer.text).field("challenge").value
    form = {"challenge": token, "next": "/owner/reports/", "code": "123"}
    wrong = await anonymous.post("/owner/login/code/", data=form)
    assert wrong.status_code == 401
    assert any("wrong or was already used" in alert for alert in Page(wrong.text).alerts)
    answer = await anonymous.post("/owner/login/code/", data=form | {"code": codes()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/owner/reports/")
    assert (await anonymous.get("/owner/account/")).status_code == 200
    again = await anonymous.post("/owner/login/code/", data=form | {"code": codes()})
    assert again.status_code == 409, "a challenge is good once"
    assert "Sign in again" in Page(again.text).text


async def test_no_code_is_taken_twice(enter: Any, script: httpx.AsyncClient) -> None:
    email = "replay@tenantry.example"
    codes, _ = await set_up(await enter(email))
    code = codes()
    assert await try_code(script, email, code) == 200
    assert await try_code(script, email, code) == 401


async def test_the_confirming_code_cannot_sign_in(enter: Any, script: httpx.AsyncClient) -> None:
    owner = await enter("first@tenantry.example")
    secret = (await owner.call(FACTOR)).json()["secret"]
    code = pyotp.TOTP(secret).now()
    assert (await owner.call(f"{FACTOR}confirm/", code=f" {code[:3]} {code[3:]} ")).status_code == 200
    assert await try_code(script, "first@tenantry.example", code) == 401


async def test_a_recovery_code_is_good_once(enter: Any, script: httpx.AsyncClient) -> None:
    email = "phoneless@tenantry.example"
    owner = await enter(email)
    _, recovery = await set_up(owner)
    assert await try_code(script, email, recovery[3].upper()) == 200
    assert await try_code(script, email, recovery[3]) == 401
    assert (await owner.script.get("/owner/account/")).json()["recovery_codes"] == 9
    fresh = (await owner.call(f"{FACTOR}recovery-codes/")).json()["recovery_codes"]
    assert await try_code(script, email, recovery[4]) == 401, "the old ones count no longer"
    assert await try_code(script, email, fresh[0].replace("-", "")) == 200


async def test_another_owners_code_is_worth_nothing(enter: Any, script: httpx.AsyncClient) -> None:
    codes, recovery = await set_up(await enter("one@tenantry.example"))
    await set_up(await enter("other@tenantry.example"))
    assert await try_code(script, "other@tenantry.example", codes()) == 401
    assert await try_code(script, "other@tenantry.example", recovery[0]) == 401


async def test_a_secret_opens_in_its_own_row_alone(enter: Any, script: httpx.AsyncClient, engine: AsyncEngine) -> None:
    codes, _ = await set_up(await enter("attacker@tenantry.example"))
    await set_up(await enter("victim@tenantry.example"))
    async with engine.begin() as tx:
        await tx.execute(
            text("""
                UPDATE second_factor f SET secret = (
                    SELECT a.secret FROM second_factor a JOIN owner o ON o.id = a.owner_id
                    WHERE o.email = 'attacker@tenantry.example')
                FROM owner v WHERE v.id = f.owner_id AND v.email = 'victim@tenantry.example'
            """)
        )
    assert await try_code(script, "victim@tenantry.example", codes()) == 401


async def test_slows_down_guessing(enter: Any, script: httpx.AsyncClient) -> None:
    email = "guessed-code@tenantry.example"
    codes, _ = await set_up(await enter(email))
    token = await challenge(script, email)
    for _ in range(BUDGETS[CountKind.CODE].window):
        answer = await script.post("/owner/login/code/", json={"challenge": token, "code": "000000"})
        assert answer.status_code == 401
    answer = await script.post("/owner/login/code/", json={"challenge": token, "code": codes()})
    assert (answer.status_code, answer.json()["kind"]) == (429, "rate_limited")
    browser = {"accept": "text/html"}
    page = await script.post("/owner/login/code/", data={"challenge": token, "code": codes()}, headers=browser)
    assert page.status_code == 429
    assert any("Too many attempts. Try again in" in alert for alert in Page(page.text).alerts)
    assert 1 <= int(page.headers["retry-after"]) <= 900


async def test_turning_it_on_ends_the_sessions_without_it(enter: Any) -> None:
    email = "two-browsers@tenantry.example"
    other, owner = await enter(email), await enter(email)
    assert (await other.browser.get("/owner/dashboard/")).status_code == 200
    await set_up(owner)
    assert (await other.browser.get("/owner/dashboard/")).status_code == 303
    assert (await owner.browser.get("/owner/dashboard/")).status_code == 200


async def waits(engine: AsyncEngine) -> bool:
    """Whether anybody waits for a lock of another."""
    return await rows(engine, "SELECT 1 FROM pg_locks WHERE NOT granted") != []


async def test_who_signs_in_while_it_is_turned_on_is_asked_for_a_code(enter: Any, engine: AsyncEngine) -> None:
    email = "hurried.in@tenantry.example"
    await enter(email)
    async with engine.begin() as tx:
        locked = text("SELECT id FROM owner WHERE email = :email FOR NO KEY UPDATE")
        owner_id = (await tx.execute(locked, {"email": email})).scalar_one()
        attempt = sign_in(engine, email=email, password=PASSWORD, caller=Caller("192.0.2.90", "a browser"))
        signing_in = asyncio.create_task(attempt)
        await eventually(partial(waits, engine))
        confirmed = text("INSERT INTO second_factor (owner_id, secret, confirmed_at) VALUES (:id, '', now())")
        await tx.execute(confirmed, {"id": owner_id})
    assert (await signing_in).session == ""
    assert (await signing_in).challenge


async def test_turning_it_on_waits_for_who_signs_in(enter: Any, engine: AsyncEngine) -> None:
    email = "hurried.on@tenantry.example"
    owner = await enter(email)
    code = codes_of((await owner.call(FACTOR)).json()["secret"])()
    async with engine.begin() as tx:
        found = await accounts.find_owner(tx, email)
        assert found is not None
        assert await accounts.hold(tx, found)
        confirming = asyncio.create_task(owner.call(f"{FACTOR}confirm/", code=code))
        await eventually(partial(waits, engine))
        token = await open_session(tx, owner_id=found.owner_id, caller=Caller("192.0.2.91", "a browser"))
    assert (await confirming).status_code == 200
    with pytest.raises(NotAuthenticated):
        await authenticate(engine, token=token)


async def test_a_challenge_ends(enter: Any, script: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    email = "slow@tenantry.example"
    codes, _ = await set_up(await enter(email))
    token = await challenge(script, email)
    monkeypatch.setattr(rules, "CHALLENGE_TIME", timedelta(0))
    answer = await script.post("/owner/login/code/", json={"challenge": token, "code": codes()})
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
    for form in ({}, {"challenge": "ü", "code": "1"}):
        assert (await script.post("/owner/login/code/", data=form)).status_code == 409
    answer = await script.post("/owner/login/code/", data={}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_is_removed(enter: Any, script: httpx.AsyncClient) -> None:
    owner = await enter("undecided@tenantry.example")
    for path in ("remove/", "recovery-codes/", "confirm/"):
        answer = await owner.call(FACTOR + path)
        assert (answer.status_code, answer.json()["kind"]) == (409, "refused"), "there is none yet"
    await set_up(owner)
    assert (await owner.call(FACTOR)).status_code == 409, "there is one already"
    assert (await owner.send(FACTOR)).status_code == 409
    answer = await owner.send(f"{FACTOR}remove/")
    assert answer.headers["location"] == "/owner/account/?done=removed"
    sign_in = {"email": "undecided@tenantry.example", "password": PASSWORD}
    assert (await script.post("/owner/login/", json=sign_in)).status_code == 200


async def test_the_operator_helps_who_has_lost_it_all(
    enter: Any, script: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    email = "lost@tenantry.example"
    await set_up(await enter(email))
    await create_owner(engine, email=email, password=PASSWORD)
    await challenge(script, email)
    await create_owner(engine, email=email, password=PASSWORD, reset_second_factor=True)
    assert (await script.post("/owner/login/", json={"email": email, "password": PASSWORD})).status_code == 200
    assert not await create_owner(engine, email=email, password="another long password", if_missing=True)


@pytest.mark.parametrize("path", ["", "confirm/", "recovery-codes/", "remove/"])
async def test_pages_of_the_browser(enter: Any, path: str) -> None:
    owner = await enter("paths@tenantry.example")
    answer = await owner.browser.post(FACTOR + path, data={"csrf_token": "0" * 64})
    assert answer.status_code == 403


async def test_reloading_makes_no_other_recovery_codes(enter: Any, script: httpx.AsyncClient) -> None:
    email = "reload@tenantry.example"
    owner = await enter(email)
    await set_up(owner)
    page = Page((await owner.browser.get("/owner/account/")).text)
    once = page.field("once", form=f"form[action='{FACTOR}recovery-codes/']").value
    replies = [await owner.send(f"{FACTOR}recovery-codes/", once=once) for _ in range(2)]
    assert {reply.status_code for reply in replies} == {303}
    assert len({reply.headers["location"] for reply in replies}) == 1
    shown = Page((await owner.browser.get(replies[0].headers["location"])).text)
    codes = shown.part("#codes").text.split()
    assert (await owner.browser.get(replies[0].headers["location"])).status_code == 404
    assert (await owner.send(f"{FACTOR}recovery-codes/", once=once)).status_code == 409, "its answer was shown"
    assert await try_code(script, email, codes[0]) == 200, "what was shown is what counts"
