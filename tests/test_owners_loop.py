"""Owner actions reach the trackers: create, suspend, reactivate, rotate the key."""

from functools import partial

import httpx

from testkit.pages import Page
from testkit.waiting import eventually
from tests.platform.company import Company, Found, time_zone_in_the_afternoon
from tests.platform.desktops import account, at_work, now, session, start, uploaded
from tests.platform.numbers import assert_reconciled, settled
from tests.platform.owner import Owner
from tests.platform.running import Running
from tests.platform.workers import each_worker
from tracker_client import Desktop, Reply, TrackerClient

SUSPENDED = "Company subscription is suspended"
REFUSED = Reply(403, {"status": False, "message": SUSPENDED})
WRONG_KEY = Reply(401, {"status": False, "message": "Invalid company key"})


async def refused_by_each_worker(running: Running, key: str, refusal: Reply) -> None:
    """Waits until each gateway process refuses this key; both receive the change and neither asks at each call."""
    async with each_worker(running) as workers:
        for worker in workers:
            client = TrackerClient(f"{running.gateway}/api", key, http=worker.http)
            await eventually(partial(client.login, "nobody@example.com", "x"), lambda r: r == refusal)


async def test_a_key_is_displayed_once(owner: Owner) -> None:
    company_id, key = await owner.create("Shown Once")
    assert key.startswith("company_")
    secret = key.removeprefix("company_")
    pages = [f"/owner/company/{company_id}/", "/owner/dashboard/", "/owner/company/create/"]
    shown = [await owner.http.get(page, headers={"accept": "text/html"}) for page in pages]
    assert {answer.status_code for answer in shown} == {200}
    assert not any(secret in answer.text for answer in shown)
    assert f"…{secret[-4:]}" in Page(shown[0].text).text
    again = await owner.act("create", name="Shown Once", email="office@example.com", plan_code="FREE")
    assert again.status_code == 409
    assert secret not in again.text


async def test_a_new_company_can_work(owner: Owner, found_company: Found) -> None:
    company = await found_company("Kestrel", time_zone=time_zone_in_the_afternoon()[0])
    desktop = await at_work(company, company.people[0], hours=1)
    desktop.tick(1200)
    assert (await uploaded(desktop)).ok
    await eventually(lambda: owner.row(company.id), lambda row: row["minutes"] == {"value": "1200"})
    assert "20 min" in (await company.page("/team")).text


async def assert_everyone_is_refused(company: Company, desktop: Desktop) -> None:
    """Checks the refusals of the four calls and of the workspace."""
    person = company.people[0]
    kept = desktop.tables.snapshot()
    assert await desktop.upload() == REFUSED
    assert desktop.tables.snapshot() == kept
    assert await desktop.client.create_session(account(desktop), now()) == REFUSED
    assert await desktop.client.login(person.email, person.password) == REFUSED
    page = await company.team_page()
    assert (page.status_code, SUSPENDED in Page(page.text).text) == (403, True)
    fields = {"email": person.email, "password": person.password}
    async with httpx.AsyncClient(
        base_url=company.running.workspace
    ) as browser:  # signing in ends the browser's older session
        answer = await browser.post("/login", data=fields)
    assert (answer.status_code, SUSPENDED in Page(answer.text).text) == (403, True)
    stop = await desktop.client.stop_session(account(desktop), session(desktop), now())
    assert stop == Reply(200, {"status": True, "message": SUSPENDED})


async def test_suspending_stops_and_reactivating_continues(
    running: Running, owner: Owner, found_company: Found
) -> None:
    company = await found_company("Stitchwort", time_zone=time_zone_in_the_afternoon()[0])
    other = await found_company("Marigold")
    unconcerned = await at_work(other, other.people[0], hours=2)
    desktop = await at_work(company, company.people[0], hours=4)
    desktop.tick(3600)
    assert (await uploaded(desktop)).ok
    desktop.tick(1800)

    await owner.suspend(company.id)
    await refused_by_each_worker(running, company.key, REFUSED)
    await eventually(company.team_page, lambda page: page.status_code == 403)
    await assert_everyone_is_refused(company, desktop)
    assert not await desktop.poll_session(), "the next poll makes it stop"
    assert desktop.message == SUSPENDED
    assert (await owner.row(company.id))["status"] == "Suspended"
    unconcerned.tick(600)
    assert (await uploaded(unconcerned)).ok, "another company goes on"

    await owner.reactivate(company.id)
    await eventually(lambda: desktop.client.login_check(account(desktop)), lambda reply: reply.ok)
    await eventually(company.team_page, lambda page: page.status_code == 200)  # the workspace follows the change list
    await start(desktop, at=desktop.now)
    desktop.tick(600)
    assert (await uploaded(desktop)).ok
    [day] = await settled(running, company.id)
    assert day.active_seconds == 3600 + 1800 + 600 == desktop.truth.acknowledged["ACTIVE"]
    assert day.sessions == 2
    assert (await owner.row(company.id))["minutes"] == {"value": "6000"}
    assert_reconciled(running)


async def test_a_rotated_key_stops_on_every_worker(running: Running, owner: Owner, found_company: Found) -> None:
    company = await found_company("Nettle", time_zone=time_zone_in_the_afternoon()[0])
    desktop = await at_work(company, company.people[0], hours=1)
    desktop.tick(900)
    old, company.key = company.key, await owner.rotate_key(company.id)
    assert old != company.key
    await refused_by_each_worker(running, old, WRONG_KEY)
    assert await desktop.upload() == WRONG_KEY
    assert not await desktop.stop(), "with a wrong key a stop is refused as well"
    desktop.client = company.tracker()
    assert (await uploaded(desktop)).ok, "with the new key the same desktop goes on"
    [day] = await settled(running, company.id)
    assert day.active_seconds == 900


async def test_nobody_of_a_company_is_an_owner(running: Running, found_company: Found) -> None:
    company = await found_company("Tamarisk")
    async with httpx.AsyncClient(base_url=running.portal) as http:
        for person in (company.admin, *company.people):
            answer = await http.post("/owner/login/", json={"email": person.email, "password": person.password})
            assert answer.status_code == 401
        http.cookies = company.workspace.cookies
        answer = await http.get("/owner/dashboard/", headers={"accept": "application/json"})
        assert answer.status_code == 401


async def test_only_a_signed_in_owner_acts(running: Running, found_company: Found) -> None:
    company = await found_company("Oleander")
    async with httpx.AsyncClient(base_url=running.portal) as anyone:
        for action in ("suspend", "reactivate", "rotate-key"):
            answer = await anyone.post(f"/owner/company/{company.id}/{action}/", json={"reason": "because"})
            assert answer.status_code == 401, answer.text
    assert (await company.team_page()).status_code == 200
