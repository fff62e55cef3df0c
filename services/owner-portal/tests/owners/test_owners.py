"""Several owners: who is invited, who accepts, who is deactivated."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.throttle import BUDGETS, CountKind
from credentials.tokens import token_digest
from owner_portal.audit.rules.own_trail import ActionQuestion, PortalAction
from owner_portal.audit.store import own_trail
from owner_portal.owners.rules.accounts import Caller
from owner_portal.owners.use_cases.accounts import create_owner, deactivate_owner
from owner_portal.owners.use_cases.sign_in import sign_in
from owner_portal.owners.use_cases.sweep import sweep
from owner_portal.web.portal import Portal
from servicekit.errors import NotAuthenticated
from testkit.pages import Page

PASSWORD = "correct horse battery"
CHOSEN = "a password of my own"


async def scalar(engine: AsyncEngine, statement: str, **values: Any) -> Any:
    async with engine.begin() as tx:
        return (await tx.execute(text(statement), values)).scalar_one_or_none()


async def recorded(engine: AsyncEngine, **asked: Any) -> list[PortalAction]:
    async with engine.begin() as tx:
        found = await own_trail.search(tx, ActionQuestion(**asked), before=None, limit=50)
    return [linked.entry for linked in found]


async def actions_on(engine: AsyncEngine, subject: str) -> list[tuple[str, str]]:
    return [(entry.actor, entry.action) for entry in await recorded(engine, subject=subject)]


async def invite(owner: Any, email: str) -> str:
    """The token in the link."""
    answer = await owner.call("/owner/owners/invite/", email=email)
    assert answer.status_code == 201, answer.text
    link: str = answer.json()["link"]
    assert link.startswith("https://portal.example/owner/invitation/#")
    return link.partition("#")[2]


async def test_an_invited_owner_comes_in(owner: Any, anonymous: httpx.AsyncClient, engine: AsyncEngine) -> None:
    answer = await owner.send("/owner/owners/invite/", email=" New@Tenantry.example ")
    assert answer.status_code == 303
    shown = answer.headers["location"]
    page = Page((await owner.browser.get(shown)).text)
    assert "New@tenantry.example has been invited" in page.texts("h2")
    assert "New@tenantry.example" in page.texts("h2 bdi")
    address, _, token = page.part("#link").text.partition("#")
    assert address == "https://portal.example/owner/invitation/"
    assert token
    mail = await scalar(engine, "SELECT body FROM mail WHERE recipient = 'New@tenantry.example'")
    assert token in mail
    for again in ("/owner/owners/", shown):
        assert token not in (await owner.browser.get(again)).text, "shown once"
    assert token not in await scalar(engine, "SELECT string_agg(k::text, '') FROM kept_answer k")
    stored = await scalar(engine, "SELECT i::text FROM invitation i WHERE email = 'New@tenantry.example'")
    assert token not in stored

    answer = await anonymous.post("/owner/invitation/", data={"token": token})
    assert answer.status_code == 200
    assert "New@tenantry.example" in Page(answer.text).text
    form = {"token": token, "password": CHOSEN, "password_again": CHOSEN}
    answer = await anonymous.post("/owner/invitation/", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/owner/dashboard/")
    assert "New@tenantry.example" in Page((await anonymous.get("/owner/account/")).text).text, "signed in"

    answer = await anonymous.post("/owner/invitation/", data=form)
    assert answer.status_code == 404, "used once"
    assert (await anonymous.post("/owner/invitation/", data={"token": token})).status_code == 404
    again = await owner.call("/owner/owners/invite/", email="new@TENANTRY.example")
    assert (again.status_code, again.json()["kind"]) == (409, "conflict")
    assert await actions_on(engine, "New@tenantry.example") == [
        ("New@tenantry.example", "accept_invitation"),
        ("owner@tenantry.example", "invite_owner"),
    ]


async def test_no_address_holds_the_token(owner: Any, anonymous: httpx.AsyncClient) -> None:
    """Logs of proxies hold addresses: a token in one is ignored, the page's script takes it from the fragment."""
    answer = await owner.call("/owner/owners/invite/", email="fragment@tenantry.example")
    link = urlsplit(answer.json()["link"])
    assert (link.path, link.query) == ("/owner/invitation/", "")
    answer = await anonymous.get("/owner/invitation/", params={"token": link.fragment})
    assert answer.status_code == 200
    assert Page(answer.text).all("[name=token][data-from-hash]")
    assert "fragment@tenantry.example" not in answer.text
    assert link.fragment not in answer.text
    shown = await anonymous.post("/owner/invitation/", data={"token": link.fragment})
    assert (shown.status_code, "fragment@tenantry.example" in Page(shown.text).text) == (200, True)
    assert shown.url.query == b""


async def test_who_accepts_starts_without_others_guesses(
    owner: Any, anonymous: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    """Strangers have guessed at the address before it had an account; the browser of the new owner is known."""
    email, wrong = "guessed.before@tenantry.example", "a guess at nothing"
    for number in range(BUDGETS[CountKind.ACCOUNT].window):
        with pytest.raises(NotAuthenticated):
            await sign_in(engine, email=email, password=wrong, caller=Caller(f"203.0.113.{number}", ""))
    form = {"token": await invite(owner, email), "password": CHOSEN, "password_again": CHOSEN}
    assert (await anonymous.post("/owner/invitation/", data=form)).status_code == 303
    known = "SELECT k.digest FROM known_browser k JOIN owner o ON o.id = k.owner_id WHERE o.email = :email"
    assert await scalar(engine, known, email=email) == token_digest(anonymous.cookies["tenantry-owner-browser"])
    assert (await sign_in(engine, email=email, password=CHOSEN, caller=Caller("198.51.100.7", ""))).session


async def test_an_invitation_by_script(owner: Any, anonymous: httpx.AsyncClient) -> None:
    token = await invite(owner, "script@tenantry.example")
    headers = {"accept": "application/json"}
    answer = await anonymous.post("/owner/invitation/", json={"token": token}, headers=headers)
    assert answer.json()["email"] == "script@tenantry.example"
    answer = await anonymous.post("/owner/invitation/", json={"token": token, "password": CHOSEN}, headers=headers)
    assert answer.status_code == 201
    assert (await anonymous.get("/owner/account/", headers=headers)).json()["email"] == "script@tenantry.example"
    listed = (await owner.script.get("/owner/owners/")).json()
    assert "script@tenantry.example" in [one["email"] for one in listed["owners"]]


@pytest.mark.parametrize(
    ("password", "again", "problem"),
    [
        ("short", "short", "must have 12 to 256"),
        (CHOSEN, CHOSEN + "!", "do not match"),
        ("p" * 1001, "p" * 1001, "256"),
        (CHOSEN + "\t", CHOSEN + "\t", "cannot be typed everywhere"),
    ],
)
async def test_a_refused_password_uses_nothing_up(
    owner: Any, anonymous: httpx.AsyncClient, password: str, again: str, problem: str
) -> None:
    token = await invite(owner, "picky@tenantry.example")
    form = {"token": token, "password": password, "password_again": again}
    answer = await anonymous.post("/owner/invitation/", data=form)
    assert answer.status_code == 400
    assert any(problem in alert for alert in Page(answer.text).alerts)
    assert (await anonymous.post("/owner/invitation/", data={"token": token})).status_code == 200


async def test_an_invitation_ends(owner: Any, anonymous: httpx.AsyncClient, engine: AsyncEngine) -> None:
    replaced = await invite(owner, "late@tenantry.example")
    token = await invite(owner, "late@tenantry.example")
    assert (await anonymous.post("/owner/invitation/", data={"token": replaced})).status_code == 404
    until = await scalar(engine, "SELECT expires_at - now() FROM invitation WHERE email = 'late@tenantry.example'")
    assert timedelta(hours=71, minutes=59) < until <= timedelta(hours=72)
    await scalar(engine, "UPDATE invitation SET expires_at = now() WHERE email = 'late@tenantry.example' RETURNING id")
    assert (await anonymous.post("/owner/invitation/", data={"token": token})).status_code == 404
    answer = await anonymous.post("/owner/invitation/", data={"token": token, "password": CHOSEN})
    assert answer.status_code == 404
    await sweep(engine)
    assert await scalar(engine, "SELECT id FROM invitation WHERE email = 'late@tenantry.example'") is None


async def test_an_invitation_is_withdrawn(owner: Any, anonymous: httpx.AsyncClient) -> None:
    token = await invite(owner, "mistake@tenantry.example")
    listed = (await owner.script.get("/owner/owners/")).json()["invitations"]
    number = next(one["id"] for one in listed if one["email"] == "mistake@tenantry.example")
    answer = await owner.send(f"/owner/owners/invitations/{number}/withdraw/")
    assert answer.headers["location"] == "/owner/owners/?done=withdrawn"
    page = Page((await owner.browser.get(answer.headers["location"])).text)
    assert any("withdrawn" in status for status in page.statuses)
    assert (await anonymous.post("/owner/invitation/", data={"token": token})).status_code == 404
    assert (await owner.call(f"/owner/owners/invitations/{number}/withdraw/")).status_code == 404


async def test_only_an_address_can_be_invited(owner: Any) -> None:
    two = ("a@c.example,b@c.example", "a,b@c.example", "a@b@c.example", "Ann <a@c.example>")
    for email in ("nobody", "a b@c.example", "@c.example", "a@", "x" * 260 + "@c.example", *two):
        answer = await owner.call("/owner/owners/invite/", email=email)
        assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")
    answer = await owner.send("/owner/owners/invite/", email="nobody")
    assert answer.status_code == 400
    assert Page(answer.text).field("email").value == "nobody"


@pytest.mark.parametrize("character", ["\0", "\x07", "\x7f", "\u2028", "\ufffd"])
async def test_what_is_no_text_is_refused_by_name(owner: Any, engine: AsyncEngine, character: str) -> None:
    answer = await owner.send("/owner/owners/invite/", email=f"odd{character}@tenantry.example")
    assert answer.status_code == 400
    assert any("Remove the character shown as \ufffd" in alert for alert in Page(answer.text).alerts)
    answer = await owner.call("/owner/owners/invite/", email=f"odd{character}@tenantry.example")
    assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")
    assert await scalar(engine, "SELECT count(*) FROM invitation WHERE email LIKE 'odd%'") == 0
    answer = await owner.send(f"/owner/owners/{uuid4()}/deactivate/", reason=f"left{character}")
    assert answer.status_code == 400
    assert any("Remove the character" in alert for alert in Page(answer.text).alerts)


async def test_an_invitation_opens_no_account_that_is_in_use(
    owner: Any, anonymous: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    token = await invite(owner, "meanwhile@tenantry.example")
    await create_owner(engine, email="meanwhile@tenantry.example", password=PASSWORD)
    answer = await anonymous.post("/owner/invitation/", data={"token": token, "password": CHOSEN})
    assert answer.status_code == 404
    sign_in = {"email": "meanwhile@tenantry.example", "password": PASSWORD}
    assert (await anonymous.post("/owner/login/", data=sign_in)).status_code == 303, "its password is what it was"


async def test_another_site_cannot_accept(owner: Any, anonymous: httpx.AsyncClient) -> None:
    token = await invite(owner, "lured@tenantry.example")
    form = {"token": token, "password": CHOSEN}
    answer = await anonymous.post("/owner/invitation/", data=form, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_a_deactivated_owner_is_out_at_once(owner: Any, enter: Any, engine: AsyncEngine) -> None:
    leaving = await enter("leaving@tenantry.example")
    number = await scalar(engine, "SELECT id FROM owner WHERE email = 'leaving@tenantry.example'")
    answer = await owner.send(f"/owner/owners/{number}/deactivate/", reason="left")
    assert answer.headers["location"] == "/owner/owners/?done=deactivated"
    accounts = Page((await owner.browser.get("/owner/owners/")).text).table()
    assert [each["Second factor"] for each in accounts if "leaving@" in each["E-mail"]] == ["Deactivated"]
    assert (await leaving.browser.get("/owner/dashboard/")).status_code == 303
    sign_in = {"email": "leaving@tenantry.example", "password": PASSWORD}
    assert (await leaving.script.post("/owner/login/", json=sign_in)).status_code == 401
    answer = await owner.call(f"/owner/owners/{number}/deactivate/")
    assert (answer.status_code, answer.json()["kind"]) == (404, "not_found")
    assert (await owner.call(f"/owner/owners/{uuid4()}/deactivate/")).status_code == 404
    [entry] = await recorded(engine, action="deactivate_owner")
    assert (entry.subject, entry.reason) == ("leaving@tenantry.example", "left")

    token = await invite(owner, "leaving@tenantry.example")
    answer = await leaving.script.post("/owner/invitation/", json={"token": token, "password": CHOSEN})
    assert answer.status_code == 201, "an invitation lets the account in again"
    assert await scalar(engine, "SELECT id FROM owner WHERE email = 'leaving@tenantry.example'") == number


async def test_an_invitation_is_taken_once_even_at_the_same_moment(owner: Any, url: str) -> None:
    body = {"token": await invite(owner, "raced@tenantry.example"), "password": CHOSEN}
    async with httpx.AsyncClient(base_url=url, headers={"accept": "application/json"}, timeout=60) as script:
        answers = await asyncio.gather(*(script.post("/owner/invitation/", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 404, 404, 404]


async def test_invitations_of_a_deactivated_owner_are_invalid(
    owner: Any, enter: Any, url: str, engine: AsyncEngine
) -> None:
    leaving = await enter("inviter@tenantry.example")
    token = await invite(leaving, "accomplice@tenantry.example")
    other = await invite(owner, "colleague@tenantry.example")
    number = await scalar(engine, "SELECT id FROM owner WHERE email = 'inviter@tenantry.example'")
    assert (await owner.send(f"/owner/owners/{number}/deactivate/", reason="left")).status_code == 303
    async with httpx.AsyncClient(base_url=url) as stranger:
        assert (await stranger.post("/owner/invitation/", data={"token": token})).status_code == 404
        answer = await stranger.post("/owner/invitation/", json={"token": token, "password": CHOSEN})
        assert answer.status_code == 404
        assert (await stranger.post("/owner/invitation/", data={"token": other})).status_code == 200
    assert "accomplice@tenantry.example" not in (await owner.browser.get("/owner/owners/")).text
    [entry] = [one for one in await recorded(engine, action="withdraw_invitation") if one.subject.startswith("accomp")]
    assert (entry.actor, entry.reason) == ("owner@tenantry.example", "left")


async def test_an_invitation_without_an_active_sender_is_invalid(
    owner: Any, enter: Any, url: str, engine: AsyncEngine
) -> None:
    """One that was sent while its sender was being deactivated, or before deactivating ended invitations."""
    late = await enter("late-inviter@tenantry.example")
    token = await invite(late, "late-friend@tenantry.example")
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE owner SET deactivated_at = now() WHERE email = 'late-inviter@tenantry.example'"))
    async with httpx.AsyncClient(base_url=url) as stranger:
        answer = await stranger.post("/owner/invitation/", json={"token": token, "password": CHOSEN})
        assert answer.status_code == 404
    assert "late-friend" not in (await owner.browser.get("/owner/owners/")).text


async def test_an_invitation_sent_twice_is_one(owner: Any, engine: AsyncEngine) -> None:
    form = {"email": "twice@tenantry.example", "once": "a-key-of-this-page"}
    replies = [await owner.send("/owner/owners/invite/", **form) for _ in range(2)]
    assert {reply.status_code for reply in replies} == {303}
    assert len({reply.headers["location"] for reply in replies}) == 1
    assert await scalar(engine, "SELECT count(*) FROM mail WHERE recipient = 'twice@tenantry.example'") == 1
    other = await owner.send("/owner/owners/invite/", **form | {"email": "other@tenantry.example"})
    assert other.status_code == 409
    assert Page(other.text).field("email").value == "other@tenantry.example"
    assert await scalar(engine, "SELECT count(*) FROM mail WHERE recipient = 'other@tenantry.example'") == 0


async def test_a_link_is_shown_to_the_session_that_made_it(owner: Any, enter: Any) -> None:
    shown = (await owner.send("/owner/owners/invite/", email="mine@tenantry.example")).headers["location"]
    other = await enter("curious@tenantry.example")
    assert (await other.browser.get(shown)).status_code == 404
    page = Page((await owner.browser.get(shown)).text)
    assert "mine@tenantry.example has been invited" in page.texts("h2")
    assert "mine@tenantry.example" in page.texts("h2 bdi")


async def test_the_last_owner_stays(owner: Any, engine: AsyncEngine) -> None:
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE owner SET deactivated_at = now() WHERE email <> 'owner@tenantry.example'"))
    number = await scalar(engine, "SELECT id FROM owner WHERE deactivated_at IS NULL")
    answer = await owner.call(f"/owner/owners/{number}/deactivate/")
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
    answer = await owner.send(f"/owner/owners/{number}/deactivate/")
    assert answer.status_code == 409
    assert any("last owner" in alert for alert in Page(answer.text).alerts)
    answer = await owner.send(f"/owner/owners/{number}/deactivate/", reason="r" * 501)
    assert answer.status_code == 400


async def test_two_owners_cannot_deactivate_each_other(engine: AsyncEngine) -> None:
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE owner SET deactivated_at = now() WHERE email <> 'owner@tenantry.example'"))
    await create_owner(engine, email="rival@tenantry.example", password=PASSWORD)
    async with engine.begin() as tx:
        found = await tx.execute(text("SELECT id, email FROM owner WHERE deactivated_at IS NULL"))
        numbers = {row.email: row.id for row in found}
    results = await asyncio.gather(
        *(deactivate_owner(engine, actor="somebody", owner_id=number, reason="") for number in numbers.values()),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "Refused"]
    await create_owner(engine, email="owner@tenantry.example", password=PASSWORD, if_missing=True)


async def test_without_a_relay_the_page_claims_no_mail(enter: Any, portal: Portal) -> None:
    owner = await enter("without.relay@tenantry.example")  # another test may have deactivated the module's owner
    said = {True: "An e-mail with this link is on its way", False: "No e-mail is sent"}
    for sends in (False, True):
        object.__setattr__(portal, "sends_mail", sends)
        reply = await owner.send("/owner/owners/invite/", email="by.hand@tenantry.example")
        page = Page((await owner.browser.get(reply.headers["location"])).text)
        assert said[sends] in page.text
        assert said[not sends] not in page.text
