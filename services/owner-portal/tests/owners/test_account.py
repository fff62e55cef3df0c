"""The own account: password and sessions."""

from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.throttle import BUDGETS, CountKind
from credentials.tokens import token_digest
from owner_portal.owners.rules.devices import UNKNOWN, device_name
from testkit.pages import Page

PASSWORD = "correct horse battery"
NEW = "another horse entirely"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/604.1"


def test_devices_have_names() -> None:
    windows = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
    )
    assert device_name(windows) == "Chrome on Windows"
    assert device_name(f"{windows} Edg/140.0") == "Edge on Windows"
    assert device_name(PHONE) == "Safari on iPhone"
    assert device_name("Mozilla/5.0 (Linux; Android 15) Firefox/140.0") == "Firefox on Android"
    assert device_name("curl/8.9") == "curl"
    assert device_name("x" * 500) == "x" * 60
    assert device_name("") == UNKNOWN


async def test_a_new_password_ends_every_other_session(enter: Any, anonymous: httpx.AsyncClient) -> None:
    here, there = await enter("changer@tenantry.example"), await enter("changer@tenantry.example")
    before = dict(here.browser.cookies)
    form = {"present_password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
    answer = await here.send("/owner/account/password/", **form)
    assert answer.headers["location"] == "/owner/account/?done=password"
    page = Page((await here.browser.get(answer.headers["location"])).text)
    assert any("signed out" in status for status in page.statuses), "this browser goes on"
    assert dict(here.browser.cookies) != before
    assert (await there.browser.get("/owner/account/")).status_code == 303
    assert (await there.script.get("/owner/account/")).status_code == 401
    anonymous.cookies.update(before)
    assert (await anonymous.get("/owner/account/")).status_code == 303, "the old cookie too"
    for password, status in ((PASSWORD, 401), (NEW, 200)):
        answer = await there.script.post(
            "/owner/login/", json={"email": "changer@tenantry.example", "password": password}
        )
        assert answer.status_code == status


async def test_a_new_password_is_known_to_this_browser_alone(enter: Any, engine: AsyncEngine) -> None:
    here, _there = await enter("rebrowse@tenantry.example"), await enter("rebrowse@tenantry.example")
    form = {"present_password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
    assert (await here.send("/owner/account/password/", **form)).status_code == 303
    statement = "SELECT digest FROM known_browser k JOIN owner o ON o.id = k.owner_id WHERE o.email LIKE 'rebrowse@%'"
    async with engine.begin() as tx:
        known = [bytes(digest) for digest in (await tx.execute(text(statement))).scalars()]
    assert known == [token_digest(here.browser.cookies["tenantry-owner-browser"])]


async def test_a_script_changes_its_password(enter: Any) -> None:
    owner = await enter("robot@tenantry.example")
    answer = await owner.call("/owner/account/password/", present_password=PASSWORD, new_password=NEW)
    assert answer.status_code == 200
    headers = {"x-csrf-token": answer.json()["csrf_token"]}
    assert (await owner.script.post("/owner/account/sessions/revoke-others/", headers=headers)).json() == {"ended": 0}


async def test_a_refused_password_changes_nothing(enter: Any) -> None:
    owner = await enter("careless@tenantry.example")
    for present, new, again, problem in (
        ("wrong", NEW, NEW, "current password is wrong"),
        (PASSWORD, "short", "short", "12 to 256"),
        (PASSWORD, NEW, NEW + "?", "do not match"),
        (PASSWORD, PASSWORD, PASSWORD, "Choose another"),
    ):
        form = {"present_password": present, "new_password": new, "new_password_again": again}
        answer = await owner.send("/owner/account/password/", **form)
        assert answer.status_code == 400
        assert any(problem in alert for alert in Page(answer.text).alerts)
        assert NEW not in answer.text
        answer = await owner.call("/owner/account/password/", **form)
        assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")


async def test_guessing_the_present_password_is_slow(enter: Any) -> None:
    owner = await enter("hijacked@tenantry.example")
    for _ in range(BUDGETS[CountKind.PROOF].window):
        answer = await owner.call("/owner/account/password/", present_password="guess", new_password=NEW)
        assert answer.status_code == 400
    answer = await owner.call("/owner/account/password/", present_password=PASSWORD, new_password=NEW)
    assert answer.status_code == 429
    form = {"present_password": PASSWORD, "new_password": NEW}
    assert (await owner.send("/owner/account/password/", **form)).status_code == 429


async def test_sessions_are_listed_and_ended(enter: Any) -> None:
    here = await enter("nomad@tenantry.example")
    phone = await enter("nomad@tenantry.example", device=PHONE)
    tablet = await enter("nomad@tenantry.example", device="curl/8.9")
    listed = (await here.script.get("/owner/account/")).json()["sessions"]
    assert {one["device"]: one["this"] for one in listed} == {
        "Firefox on Linux": True,
        "Safari on iPhone": False,
        "curl": False,
    }
    assert {one["address"] for one in listed} == {"127.0.0.1"}
    page = Page((await here.browser.get("/owner/account/")).text)
    assert "Safari on iPhone" in [session["Device"] for session in page.table()]
    number = next(one["id"] for one in listed if one["device"] == "Safari on iPhone")
    answer = await here.send(f"/owner/account/sessions/{number}/revoke/")
    assert answer.headers["location"] == "/owner/account/?done=session"
    assert (await phone.browser.get("/owner/account/")).status_code == 303
    assert (await tablet.browser.get("/owner/account/")).status_code == 200
    assert (await here.call(f"/owner/account/sessions/{number}/revoke/")).status_code == 404
    answer = await here.send("/owner/account/sessions/revoke-others/")
    assert answer.headers["location"] == "/owner/account/?done=sessions"
    assert (await tablet.browser.get("/owner/account/")).status_code == 303
    assert (await here.browser.get("/owner/account/")).status_code == 200


async def test_sessions_of_other_owners_cannot_be_ended(enter: Any, engine: AsyncEngine) -> None:
    one, other = await enter("one-session@tenantry.example"), await enter("other-session@tenantry.example")
    number = (await other.script.get("/owner/account/")).json()["sessions"][0]["id"]
    assert (await one.call(f"/owner/account/sessions/{number}/revoke/")).status_code == 404
    assert (await one.call(f"/owner/account/sessions/{uuid4()}/revoke/")).status_code == 404
    assert (await one.call("/owner/account/sessions/revoke-others/")).json() == {"ended": 0}
    assert (await other.script.get("/owner/account/")).status_code == 200
    async with engine.begin() as tx:
        statement = text("SELECT count(*) FROM portal_action WHERE actor = 'one-session@tenantry.example'")
        assert (await tx.execute(statement)).scalar_one() == 1, "the sign-in alone is recorded"
