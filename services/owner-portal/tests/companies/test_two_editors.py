"""Two owners edit one company: the second sees who was first and what changed, and overwrites nothing."""

import json
from typing import Any

import pytest

from testkit.pages import Page

pytestmark = pytest.mark.usefixtures("following")


def seen_in(page: str) -> str:
    return Page(page).field("seen").value


async def test_details(owner: Any, enter: Any) -> None:
    company = await owner.found("Two Editors Ltd")
    second = await enter("second@tenantry.example")
    path = f"/owner/company/{company['id']}/edit/"
    form = {name: company[name] for name in ("name", "email", "contact_person", "phone", "address", "time_zone")}
    began = [seen_in((await one.browser.get(path)).text) for one in (owner, second)]
    assert (await owner.send(path, **form | {"phone": "+49 30 1234567"}, seen=began[0])).status_code == 303
    reply = await second.send(path, **form | {"contact_person": "Cleo"}, seen=began[1])
    assert reply.status_code == 409
    page = Page(reply.text)
    assert "Changed in the meantime by owner@tenantry.example" in page.text
    assert "phone: +49 30 1234567" in page.text
    assert page.field("contact_person").value == "Cleo", "what was typed stays"
    now = json.loads(seen_in((await owner.browser.get(path)).text))
    assert (now["phone"], now["contact_person"]) == ("+49 30 1234567", ""), "the first edit stands"
    again = {**form, "contact_person": "Cleo", "phone": "+49 30 1234567", "seen": seen_in(reply.text)}
    assert (await second.send(path, **again)).status_code == 303


async def test_policy(owner: Any, enter: Any) -> None:
    company = await owner.found("Two Policies Ltd")
    second = await enter("second-policy@tenantry.example")
    path = f"/owner/company/{company['id']}/tracking-policy/"
    form = {"screenshot_interval_seconds": "120", "idle_threshold_seconds": "300"}
    began = [seen_in((await one.browser.get(path)).text) for one in (owner, second)]
    assert (await owner.send(path, **form, seen=began[0])).status_code == 303
    reply = await second.send(path, **form | {"idle_threshold_seconds": "600"}, seen=began[1])
    assert reply.status_code == 409
    page = Page(reply.text)
    assert "Changed in the meantime by owner@tenantry.example" in page.text
    assert page.field("idle_threshold_seconds").value == "600"
    assert (await second.send(path, **form, seen=seen_in(reply.text))).status_code == 303
