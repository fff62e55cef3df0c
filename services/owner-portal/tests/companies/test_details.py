"""Editing a company, its logo and its tracking policy, with tenancy itself."""

from typing import Any

import pytest

from testkit.pages import Page

pytestmark = pytest.mark.usefixtures("following")


async def test_edits(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Before Ltd'))['id']}/"
    assert Page((await owner.browser.get(f"{path}edit/")).text).field("name").value == "Before Ltd"
    answer = await owner.call(f"{path}edit/", phone="+49 30 98765", reason="moved")
    assert answer.json()["company"]["phone"] == "+49 30 98765", "a script may leave out what stays"
    form = {"name": "After Ltd", "email": "new@after.example", "contact_person": "Bo", "phone": "", "address": "1\n2"}
    answer = await owner.send(f"{path}edit/", **form, time_zone="Asia/Tokyo")
    assert answer.headers["location"] == f"{path}?done=edited#content"
    company = (await owner.read(path))["company"]
    assert {name: company[name] for name in form} == form
    assert company["time_zone"] == "Asia/Tokyo"
    assert (await owner.send(f"{path}edit/", **form)).status_code == 400, "nothing differs"
    answer = await owner.call(f"{path}edit/", reason="nothing is given")
    assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")
    headers = {"x-csrf-token": owner.csrf_token, "idempotency-key": "edited once"}
    again = [await owner.script.post(f"{path}edit/", json={"name": "Last Ltd"}, headers=headers) for _ in range(2)]
    assert [answer.json()["company"]["name"] for answer in again] == ["Last Ltd"] * 2, "a repetition is answered alike"


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", "", "Enter the company's name."),
        ("email", "a@b", "Enter an e-mail address"),
        ("phone", "call me", "Enter 5 to 20 digits"),
        ("address", "a\0b", "Remove the character shown as"),
        ("time_zone", "Mars/Olympus", "Choose a time zone"),
        ("name", "two\u2028lines", "Remove the character shown as"),
    ],
)
async def test_edit_keeps_what_was_typed(owner: Any, model: Any, field: str, value: str, problem: str) -> None:
    company = await model.company(f"Typed {field} {len(value)} Ltd")
    answer = await owner.send(f"/owner/company/{company}/edit/", **{"contact_person": "Kept", field: value})
    assert answer.status_code == 400
    page = Page(answer.text)
    assert problem in page.field(field).error
    assert page.field("contact_person").value == "Kept"


async def test_a_name_that_is_taken(owner: Any) -> None:
    await owner.found("Taken Ltd")
    path = f"/owner/company/{(await owner.found('Free Ltd'))['id']}/edit/"
    answer = await owner.send(path, name="taken ltd")
    assert answer.status_code == 409
    assert Page(answer.text).field("name").value == "taken ltd"


async def test_logo(owner: Any, png: bytes) -> None:
    path = f"/owner/company/{(await owner.found('Logo Ltd'))['id']}/"

    async def upload(content: bytes) -> Any:
        fields, files = {"csrf_token": owner.csrf_token}, {"logo": ("logo.png", content, "image/png")}
        return await owner.browser.post(f"{path}logo/edit/", data=fields, files=files)

    assert (await owner.browser.get(f"{path}logo/")).status_code == 404
    assert "at most 256 KiB" in Page((await owner.browser.get(f"{path}logo/edit/")).text).text
    assert (await owner.send(f"{path}logo/edit/")).status_code == 400
    for content in (b"<svg/>", b"x" * 257 * 1024):
        answer = await upload(content)
        assert answer.status_code == 400
    assert (await upload(png)).headers["location"] == f"{path}?done=logo-changed#content"
    picture = await owner.browser.get(f"{path}logo/")
    assert (picture.content, picture.headers["content-type"]) == (png, "image/png")
    assert "immutable" in picture.headers["cache-control"]
    assert Page((await owner.browser.get(path)).text).all(f'img[src^="{path}logo/?v="]')
    assert (await owner.call(f"{path}logo/edit/", remove="true")).status_code == 200
    assert (await owner.browser.get(f"{path}logo/")).status_code == 404


async def test_tracking_policy(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Policy Ltd'))['id']}/"
    page = Page((await owner.browser.get(f"{path}tracking-policy/")).text)
    assert page.choices("screenshots_enabled") == {"true": True}
    form = {"app_tracking_enabled": "true", "screenshot_interval_seconds": "600", "idle_threshold_seconds": "90"}
    answer = await owner.send(f"{path}tracking-policy/", **form)
    assert answer.headers["location"] == f"{path}?done=policy-changed#content"
    policy = (await owner.read(f"{path}tracking-policy/"))["policy"]["value"]
    assert policy.pop("version") > 0
    assert policy == {
        "screenshots_enabled": False,
        "screenshot_interval_seconds": 600,
        "website_tracking_enabled": False,
        "app_tracking_enabled": True,
        "idle_detection_enabled": False,
        "idle_threshold_seconds": 90,
    }
    assert Page((await owner.browser.get(path)).text).facts["Screenshots"] == "off"
    for wrong in ("29", "86401", "1.5", "", "9" * 20):
        answer = await owner.send(f"{path}tracking-policy/", **form | {"screenshot_interval_seconds": wrong})
        assert answer.status_code == 400
        page = Page(answer.text)
        interval = page.field("screenshot_interval_seconds")
        assert (interval.value, interval.error) == (wrong, "Enter whole seconds from 30 to 86,400.")
        assert page.choices("app_tracking_enabled") == {"true": True}
