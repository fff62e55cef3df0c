"""Text from people: no mailbox is taken for another, lists and searches do what people expect, nothing misleads."""

import unicodedata
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.companies.pages import creation, details
from owner_portal.owners.use_cases.accounts import create_owner
from testkit.pages import Page
from text_rules.zones import time_zones

PASSWORD = "correct horse battery"
NAMES = ["Arger", "Ärger Bau", "Étienne", "İstanbul Tekstil", "łukasz sp.", "Öztürk", "Söhne & Straße", "Zoë", "zulu"]
COMPANY = {"name": "Acme", "email": "office@acme.example", "plan_code": "BASIC", "time_zone": "UTC"}


async def recipients(engine: AsyncEngine) -> list[str]:
    async with engine.begin() as tx:
        return list((await tx.execute(text("SELECT recipient FROM mail ORDER BY recipient"))).scalars())


async def invite(owner: Any, email: str) -> str:
    """The address that is invited."""
    answer = await owner.call("/owner/owners/invite/", email=email)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["invitation"]["email"])


@pytest.mark.parametrize(
    ("one", "other"),
    [("straße@b1.example", "strasse@b1.example"), ("ß@b1.example", "ss@b1.example"), ("ﬁ@b1.example", "fi@b1.example")],
)
async def test_an_invitation_never_reaches_another_mailbox(
    owner: Any, engine: AsyncEngine, one: str, other: str
) -> None:
    await create_owner(engine, email=other, password=PASSWORD)
    assert await invite(owner, one) == one, "no owner has this address yet"
    assert one in await recipients(engine)
    assert other not in await recipients(engine)
    assert (await owner.call("/owner/owners/invite/", email=other)).status_code == 409


async def test_the_kelvin_sign_is_no_k(owner: Any) -> None:
    answer = await owner.call("/owner/owners/invite/", email="\u212aevin@b1.example")
    assert answer.status_code == 400
    assert "Enter an e-mail address such as owner@example.com." in answer.text


async def test_one_mailbox_in_two_unicode_forms_is_invited_once(owner: Any) -> None:
    composed = "söhne@b1.example"
    assert await invite(owner, unicodedata.normalize("NFD", composed)) == composed
    assert await invite(owner, composed.upper().replace("Ö", "ö")) == "SöHNE@b1.example"
    open_ = [each["email"] for each in (await owner.read("/owner/owners/"))["invitations"]]
    assert [email for email in open_ if "@b1.example" in email and email.startswith("S")] == ["SöHNE@b1.example"]


async def test_an_owner_signs_in_however_the_address_is_typed(
    anonymous: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    await create_owner(engine, email="Jürgen@B1.example", password=PASSWORD)
    for typed in ("jürgen@b1.example", unicodedata.normalize("NFD", " JüRGEN@b1.EXAMPLE ")):
        answer = await anonymous.post("/owner/login/", json={"email": typed, "password": PASSWORD})
        assert answer.status_code == 303, typed
    answer = await anonymous.post("/owner/login/", json={"email": "JÜRGEN@b1.example", "password": PASSWORD})
    assert answer.status_code == 401, "only the letters of ASCII have no case"


@pytest.fixture(scope="module")
async def listed(model: Any) -> None:
    for name in reversed(NAMES):
        await model.company(name)


async def shown(owner: Any, query: str) -> list[str]:
    page = (await owner.browser.get(f"/owner/dashboard/companies.csv{query}")).content.decode("utf-8-sig")
    return [line.split('","')[1] for line in page.splitlines()[1:]]


@pytest.mark.usefixtures("listed")
async def test_companies_stand_in_the_order_of_the_unicode_collation(owner: Any) -> None:
    assert await shown(owner, "") == NAMES
    assert await shown(owner, "?sort=name&dir=desc") == NAMES[::-1]


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("istanbul", ["İstanbul Tekstil"]),
        ("strasse", ["Söhne & Straße"]),
        ("so\u0308hne", ["Söhne & Straße"]),
        ("sohne", ["Söhne & Straße"]),
        ("LUKASZ", ["łukasz sp."]),
        ("ada STONE", NAMES),  # the contact person
        ("\u200b", NAMES),
    ],
)
async def test_a_search_finds_what_tenancy_finds(owner: Any, search: str, found: list[str]) -> None:
    assert await shown(owner, f"?q={search}") == found


@pytest.mark.usefixtures("listed")
async def test_separators_are_a_choice(owner: Any) -> None:
    found = await owner.browser.get("/owner/dashboard/companies.csv?separator=semicolon")
    assert found.content.startswith(b'\xef\xbb\xbf"company_id";"company";')


@pytest.mark.usefixtures("listed")
async def test_names_are_isolated_in_pages_and_their_titles(owner: Any, model: Any) -> None:
    company = await model.company("\u05d0\u05d1\u202e<b>")
    reply = await owner.browser.get(f"/owner/company/{company}/suspend/")
    page = Page(reply.text)
    assert page.title.startswith("Suspend \u2068\u05d0\u05d1<b>\u2069")
    assert "\u202e" not in reply.text
    for shown in (page, Page((await owner.browser.get("/owner/dashboard/")).text)):
        assert "\u05d0\u05d1<b>" in shown.texts("bdi")
        assert shown.all("bdi b") == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Ac\u202eme"),
        ("name", "\u2066Acme"),
        ("name", "\u2800"),
        ("name", "\u3164"),
        ("contact_person", "A\u2069da"),
        ("address", "x\u202dy"),
        ("email", "straße\u202e@x.example"),
        ("time_zone", "Factory"),
        ("time_zone", "localtime"),
        ("time_zone", "posixrules"),
    ],
)
async def test_a_company_is_not_created_with_text_that_misleads(owner: Any, field: str, value: str) -> None:
    answer = await owner.call("/owner/company/create/", **COMPANY | {field: value})
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_zones_of_the_machine_are_not_offered() -> None:
    assert vars(creation)["time_zones"] is vars(details)["time_zones"] is time_zones
    assert {"Factory", "localtime"}.isdisjoint(time_zones())


async def test_mails_isolate_names(owner: Any, engine: AsyncEngine) -> None:
    await invite(owner, "mail@b1.example")
    async with engine.begin() as tx:
        body = (await tx.execute(text("SELECT body FROM mail WHERE recipient = 'mail@b1.example'"))).scalar_one()
    assert body.startswith("\u2068owner@tenantry.example\u2069 has invited you")
