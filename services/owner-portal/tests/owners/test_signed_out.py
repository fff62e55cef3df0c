"""A session that is over costs no owner what they typed."""

from typing import Any

import httpx
import pytest

from testkit.pages import Page

INVITE = "/owner/owners/invite/"


async def test_what_was_typed_comes_back(enter: Any, url: str) -> None:
    owner = await enter("typist@tenantry.example")
    here = {"Origin": url}
    assert (await owner.send("/owner/logout/")).status_code == 303
    form = {"csrf_token": owner.csrf_token, "email": "text@tenantry.example", "password": "secret sesame"}
    reply = await owner.browser.post(INVITE, data=form, headers=here)
    assert reply.status_code == 401
    assert "secret sesame" not in reply.text
    page = Page(reply.text)
    assert "keeps what you entered" in page.text
    kept = page.values("main form")
    assert (kept["held_action"], kept["email"]) == (INVITE, "text@tenantry.example")
    assert "csrf_token" not in kept
    assert (await owner.browser.post("/owner/held/", data=kept, headers=here)).status_code == 401
    again = await enter("typist@tenantry.example")
    reply = await again.browser.post("/owner/held/", data=kept, headers=here)
    assert reply.status_code == 200
    sent = Page(reply.text).values(f'form[action="{INVITE}"]')
    assert sent["email"] == "text@tenantry.example"
    page = Page((await again.browser.get("/owner/owners/")).text)
    assert "text@tenantry.example" not in page.text, "nothing is sent by itself"
    assert (await again.browser.post(INVITE, data=sent, headers=here)).status_code == 303
    stale = await again.browser.post(INVITE, data=form, headers=here)
    assert stale.status_code == 403
    assert Page(stale.text).field("email").value == "text@tenantry.example", "a form of an older session is kept too"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_nothing_of_another_site_is_held(anonymous: httpx.AsyncClient, origin: str) -> None:
    headers = {"Origin": origin} if origin else {}
    form = {"email": "text@tenantry.example", "held_action": INVITE}
    reply = await anonymous.post(INVITE, data=form, headers=headers)
    assert (reply.status_code, reply.headers.get("location")) in {(303, "/owner/login/"), (403, None)}
    assert (await anonymous.post("/owner/held/", data=form, headers=headers)).status_code == 403


@pytest.mark.parametrize(
    "action", ["", "//evil.example/owner/", "https://evil.example/owner/", "/elsewhere/", "/owner/\\x"]
)
async def test_a_held_form_goes_to_the_portal_alone(anonymous: httpx.AsyncClient, url: str, action: str) -> None:
    form = {"email": "text@tenantry.example", "held_action": action}
    assert (await anonymous.post("/owner/held/", data=form, headers={"Origin": url})).status_code == 400
