"""Creating a company: the form, its key, and what happens when it is sent wrong, twice or with a key of its own."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from testkit.pages import Page

pytestmark = pytest.mark.usefixtures("following")

PATH = "/owner/company/create/"


def draft(name: str) -> dict[str, str]:
    return {"name": name, "email": "office@acme.example", "plan_code": "PRO", "time_zone": "Europe/Berlin"}


async def test_form(owner: Any) -> None:
    page = Page((await owner.browser.get(PATH)).text)
    for words in ("Pro", "99.00 USD", "50 seats", "100 GB"):
        assert any(words in choice for choice in page.texts(".choices label"))
    assert "Europe/Berlin" in page.texts("[name=time_zone] option")
    assert "Tenantry sends nothing to it." in page.text, "no mail goes to companies"
    assert [plan["code"] for plan in (await owner.read(PATH))["plans"]["value"]] == ["FREE", "PRO", "ENTERPRISE"]


async def test_creates_in_the_browser(owner: Any, engine: AsyncEngine, capfd: pytest.CaptureFixture[str]) -> None:
    answer = await owner.send(PATH, **draft("Browser Ltd"), contact_person="Ada")
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    page = Page(answer.text)
    [key] = page.texts("#key")
    assert key.startswith("company_")
    assert len(key) == len("company_") + 32
    assert page.all("button[data-copy=key]")
    assert "Give it to the company" in page.text
    overview = await owner.browser.get(page.links["I have saved the key"])
    assert key not in overview.text
    page = Page(overview.text)
    assert page.heading == "Browser Ltd"
    assert f"…{key[-4:]}" in page.text
    async with engine.begin() as tx:
        for table in ("company", "owner_session", "source", "known_answer", "portal_action"):
            rows = (await tx.execute(text(f"SELECT t::text FROM {table} t"))).scalars()
            assert not any(key in row for row in rows)
    assert key not in "".join(capfd.readouterr())
    again = await owner.send(PATH, **draft("browser ltd"))
    assert again.status_code == 409
    name = Page(again.text).field("name")
    assert name.value == "browser ltd"
    assert name.error
    assert key not in again.text


async def test_a_form_sent_twice_makes_one_company(owner: Any) -> None:
    once = Page((await owner.browser.get(PATH)).text).field("once").value
    answers = [await owner.send(PATH, **draft("Double Click Ltd"), once=once) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    keys = {key for answer in answers for key in Page(answer.text).texts("#key")}
    assert len(keys) == 1, "whichever answer the browser shows, it holds the key"


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", " ", "Enter the company's name."),
        ("name", "n" * 201, "Use at most 200 characters."),
        ("name", "Nul\0 Ltd", "Remove the character shown as"),
        ("email", "nobody", "Enter an e-mail address"),
        ("address", "\0", "Remove the character shown as"),
        ("contact_person", "p" * 201, "Use at most 200 characters."),
        ("time_zone", "Mars/Olympus", "Choose a time zone"),
        ("plan_code", "GOLD", "Choose one of the listed plans"),
    ],
)
async def test_says_what_is_wrong_beside_the_field(owner: Any, field: str, value: str, problem: str) -> None:
    fields = draft("Kept Input Ltd") | {"phone": "+49 30 12345", field: value}
    answer = await owner.send(PATH, **fields)
    assert answer.status_code == 400
    page = Page(answer.text)
    beside = page.texts("fieldset [role=alert]") if field == "plan_code" else [page.field(field).error]
    assert [problem in message for message in beside] == [True]
    assert page.field("phone").value == "+49 30 12345"
    answer = await owner.call(PATH, **fields)
    assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")


async def test_a_script_may_repeat_a_request(owner: Any) -> None:
    fields = {"name": "Twice Ltd", "email": "office@twice.example", "plan_code": "PRO"}
    headers = {"X-CSRF-Token": owner.csrf_token, "Idempotency-Key": "twice"}
    answers = [await owner.script.post(PATH, json=fields, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    other = await owner.script.post(PATH, json=fields | {"name": "Other Ltd"}, headers=headers)
    assert other.status_code == 409
    too_long = await owner.script.post(PATH, json=fields, headers=headers | {"Idempotency-Key": "x" * 201})
    assert too_long.status_code == 400
