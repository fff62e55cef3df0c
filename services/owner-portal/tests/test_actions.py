"""What the owner does, with tenancy and billing themselves."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.api.portal import Portal
from owner_portal.application import keep_directory
from owner_portal.domain.sources import Source
from owner_portal.feed.directory import DirectoryFeed
from servicekit.errors import Unavailable

pytestmark = pytest.mark.usefixtures("services")


@pytest.fixture(scope="module", autouse=True)
async def directory(portal: Portal, services: None, run: Any, eventually: Any) -> Any:  # noqa: ARG001 - they run first
    """The loops that follow tenancy and billing, once both answer."""
    feed = DirectoryFeed(portal.engine, portal.tenancy, portal.billing, portal.live)

    async def answer() -> bool:
        try:
            await feed.companies_step()
            return bool(await portal.billing.list_plans())
        except Unavailable:
            return False

    await eventually(answer)
    async with run(feed.follow_companies(), feed.follow_subscriptions(), feed.follow_sync_times()):
        yield feed


def draft(name: str) -> dict[str, str]:
    return {"name": name, "email": "office@acme.example", "plan_code": "PRO", "time_zone": "Europe/Berlin"}


async def create(owner: Any, name: str) -> dict[str, Any]:
    answer = await owner.call("/owner/company/create/", **draft(name))
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def test_form(owner: Any) -> None:
    page = (await owner.browser.get("/owner/company/create/")).text
    for words in ("Pro", "99.00 USD", "50 seats", "100 GB", "Europe/Berlin"):
        assert words in page


async def test_creates_in_the_browser(owner: Any, engine: AsyncEngine, capfd: pytest.CaptureFixture[str]) -> None:
    answer = await owner.send("/owner/company/create/", **draft("Browser Ltd"), contact_person="Ada")
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    key = answer.text.split('<code id="key">')[1].split("<")[0]
    assert key.startswith("company_")
    assert len(key) == len("company_") + 32
    company = answer.text.split("/owner/company/")[2].split("/")[0]
    page = (await owner.browser.get(f"/owner/company/{company}/")).text
    assert "Browser Ltd" in page
    assert key not in page
    assert f"…{key[-4:]}" in page
    async with engine.begin() as tx:
        for table in ("company", "subscription", "owner_session", "source"):
            rows = (await tx.execute(text(f"SELECT t::text FROM {table} t"))).scalars()
            assert not any(key in row for row in rows)
    assert key not in "".join(capfd.readouterr())
    again = await owner.send("/owner/company/create/", **draft("browser ltd"))
    assert again.status_code == 409, "a reload makes no second company"
    assert 'value="browser ltd"' in again.text
    assert key not in again.text


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", " ", "Enter the company&#39;s name."),
        ("name", "n" * 201, "Use at most 200 characters."),
        ("email", "nobody", "Enter an e-mail address"),
        ("time_zone", "Mars/Olympus", "Choose a time zone"),
        ("plan_code", "GOLD", "Choose one of the plans"),
    ],
)
async def test_says_what_is_wrong_beside_the_form(owner: Any, field: str, value: str, problem: str) -> None:
    fields = draft("Kept Input Ltd") | {"phone": "+49 30 1234", field: value}
    answer = await owner.send("/owner/company/create/", **fields)
    assert answer.status_code == 400
    assert problem in answer.text
    assert 'value="+49 30 1234"' in answer.text
    answer = await owner.call("/owner/company/create/", **fields)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "invalid_input")


async def test_life_of_a_company_by_script(owner: Any, engine: AsyncEngine, eventually: Any) -> None:
    created = await create(owner, "Script Ltd")
    company = created["company"]
    path = f"/owner/company/{company['id']}/"
    assert (company["name"], company["state"], company["time_zone"]) == ("Script Ltd", "ACTIVE", "Europe/Berlin")
    assert created["key"].endswith(company["key_hint"])

    answer = await owner.call("/owner/company/create/", **draft("SCRIPT ltd"))
    assert (answer.status_code, answer.json()["error"]["kind"]) == (409, "conflict")

    async def has_trial() -> bool:
        return "Trial" in (await owner.browser.get(path)).text

    await eventually(has_trial)

    answer = await owner.call(f"{path}suspend/")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "invalid_input")
    answer = await owner.call(f"{path}suspend/", reason="unpaid")
    assert (answer.status_code, answer.json()["company"]["state"]) == (200, "SUSPENDED")
    assert "Suspended" in (await owner.browser.get(path)).text, "shown at once"
    answer = await owner.call(f"{path}suspend/", reason="unpaid")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (409, "refused")

    answer = await owner.call(f"{path}rotate-key/")
    assert answer.status_code == 200
    assert answer.json()["key"] != created["key"]
    answer = await owner.call(f"{path}rotate-key/", key_hint=company["key_hint"])
    assert (answer.status_code, answer.json()["error"]["kind"]) == (409, "conflict")

    answer = await owner.call(f"{path}reactivate/")
    assert (answer.status_code, answer.json()["company"]["state"]) == (200, "ACTIVE")
    answer = await owner.call(f"{path}reactivate/")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (409, "refused")
    assert await keep_directory.revision_of(engine, Source.COMPANIES) > 0


async def test_a_script_may_repeat_a_request(owner: Any) -> None:
    draft = {"name": "Twice Ltd", "email": "office@twice.example", "plan_code": "PRO"}
    headers = {"Accept": "application/json", "X-CSRF-Token": owner.csrf_token, "Idempotency-Key": "twice"}
    answers = [await owner.script.post("/owner/company/create/", json=draft, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    other = await owner.script.post("/owner/company/create/", json=draft | {"name": "Other Ltd"}, headers=headers)
    assert other.status_code == 409
    too_long = await owner.script.post(
        "/owner/company/create/", json=draft, headers=headers | {"Idempotency-Key": "x" * 201}
    )
    assert too_long.status_code == 400


async def test_life_of_a_company_in_the_browser(owner: Any) -> None:
    company = (await create(owner, "Forms Ltd"))["company"]
    path = f"/owner/company/{company['id']}/"
    answer = await owner.send(f"{path}suspend/")
    assert answer.status_code == 400
    assert "Say why" in answer.text
    answer = await owner.send(f"{path}suspend/", reason="unpaid since May")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?done=suspended#content")
    page = (await owner.browser.get(answer.headers["location"])).text
    assert "are refused from now on" in page
    answer = await owner.send(f"{path}suspend/", reason="unpaid since May")
    assert answer.status_code == 409
    assert "unpaid since May" in answer.text, "what was typed stays"
    assert (await owner.send(f"{path}reactivate/")).headers["location"] == f"{path}?done=reactivated#content"
    answer = await owner.send(f"{path}rotate-key/", key_hint=company["key_hint"])
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert '<code id="key">company_' in answer.text
    answer = await owner.send(f"{path}rotate-key/", key_hint=company["key_hint"])
    assert answer.status_code == 409, "a reload replaces no second key"


async def test_unknown_company(owner: Any) -> None:
    for action in ("suspend", "reactivate", "rotate-key"):
        answer = await owner.call(f"/owner/company/{uuid4()}/{action}/", reason="because")
        assert (answer.status_code, answer.json()["error"]["kind"]) == (404, "not_found")


async def test_changes_that_come_again_change_nothing(
    owner: Any, engine: AsyncEngine, directory: Any, eventually: Any
) -> None:
    company_id = (await create(owner, "Replayed Ltd"))["company"]["id"]
    row = text("SELECT * FROM directory WHERE company_id = :id AND status = 'TRIAL'")

    async def held() -> Any:
        async with engine.begin() as tx:
            return (await tx.execute(row, {"id": company_id})).one_or_none()

    await eventually(held)
    before, revision = await held(), await keep_directory.revision_of(engine, Source.COMPANIES)
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE source SET revision = 0 WHERE name IN ('companies', 'subscriptions')"))
    await directory.companies_step()
    await directory.subscriptions_step()
    assert await held() == before
    assert await keep_directory.revision_of(engine, Source.COMPANIES) >= revision


async def test_starts_anew_when_a_service_was_restored(
    owner: Any, model: Any, engine: AsyncEngine, eventually: Any
) -> None:
    """A backup put back knows fewer revisions: what was heard of the others is forgotten, the rest told again."""
    known = (await create(owner, "Restored Ltd"))["company"]["id"]
    forgotten = await model.company("Forgotten Ltd", revision=900_000)
    await model.subscription(forgotten)
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE source SET revision = 900000 WHERE name IN ('companies', 'subscriptions')"))

    async def settled() -> bool:
        async with engine.begin() as tx:
            names = (await tx.execute(text("SELECT company_id, status FROM directory"))).all()
            subscribed = (await tx.execute(text("SELECT company_id FROM subscription"))).scalars().all()
        return (
            str(known) in {str(row.company_id) for row in names}
            and forgotten not in {*(row.company_id for row in names), *subscribed}
            and all(row.status != "PENDING" for row in names)
        )

    await eventually(settled)
