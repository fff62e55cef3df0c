"""From a company's trackers to the owner's dashboard: its numbers equal the true activity."""

from datetime import UTC, date, datetime, timedelta
from random import Random

from tests.platform.company import Found, time_zone_in_the_afternoon
from tests.platform.desktops import Worked, at_work, post, post_unheard, start, truth
from tests.platform.numbers import assert_reconciled, settled
from tests.platform.owner import Owner
from tests.platform.running import Running
from tracker_client import Desktop, Upload, Window

EPOCH = date(1970, 1, 1)
MAIL = Window("Mail", "Inbox")
WIKI = Window("Browser", "Wiki", browser=True, domain="wiki.example", url="https://wiki.example/")


async def works_with_pauses(desktop: Desktop, random: Random) -> list[Upload]:
    """Active, idle and absent time in three sessions; every third reply is lost. Returns the unacknowledged uploads."""
    unheard = []
    for stretch in range(24):
        desktop.tick(random.randint(20, 200), "ACTIVE", random.choice([MAIL, WIKI]))
        desktop.tick(random.randint(0, 90), "INACTIVE")
        if stretch % 3 == 2:
            unheard.append(await post_unheard(desktop))
        else:
            await desktop.upload()
        if stretch in (7, 15):
            assert await desktop.stop()
            desktop.tick(600)
            await start(desktop, at=desktop.now)
    await desktop.upload()
    return unheard


async def work_at_two_desktops(one: Desktop, other: Desktop) -> None:
    """Three hours, of which the middle one is spent at both desktops."""
    for _ in range(12):
        one.tick(600)
        await one.upload()
    other.now += timedelta(hours=1)
    for _ in range(12):
        other.tick(600)
        await other.upload()


async def test_the_dashboard_shows_what_happened(running: Running, owner: Owner, found_company: Found) -> None:
    zone, offset = time_zone_in_the_afternoon()
    company = await found_company("Harrow", people=4, time_zone=zone)
    ada, ben, cleo, _idle = company.people
    random = Random(20)
    first = await at_work(company, ada, hours=8)
    unheard = await works_with_pauses(first, random)
    both = [await at_work(company, ben, hours=8), await at_work(company, ben, hours=8)]
    await work_at_two_desktops(*both)
    late = await at_work(company, cleo, hours=24)
    for _ in range(10):
        late.tick(450)
        await late.upload()

    happened = truth([[first], both, [late]], offset)
    today = (datetime.now(UTC) + timedelta(seconds=offset)).date()
    assert {EPOCH + timedelta(days=day) for day in happened} == {today, today - timedelta(days=1)}

    shown = await settled(running, company.id)
    assert {
        (day.day - EPOCH).days: Worked(day.active_seconds, day.idle_seconds, day.employees_active) for day in shown
    } == happened
    # Sessions count on the day of their start: all six began today, three of them at the first desktop.
    assert [day.sessions for day in shown] == [0, 6]

    row = await owner.row(company.id)
    assert row["minutes"] == {"value": str(sum(day.active_seconds for day in happened.values()))}
    assert (row["seats"], row["seats-limit"]) == ({"value": "5"}, {"value": "50"})
    assert row["status"] == "Trial"
    page = await owner.days(company.id)
    for day in shown:
        told = page[day.day.isoformat()]
        numbers = (day.active_seconds, day.idle_seconds, day.employees_active, day.sessions)
        assert (told["active_seconds"], told["idle_seconds"], told["employees_active"], told["sessions"]) == numbers

    for rows in unheard:
        assert (await post(first, rows)).code == 200
    assert await settled(running, company.id) == shown, "a replay changed something"
    assert_reconciled(running)


async def test_an_open_dashboard_receives_updates(owner: Owner, found_company: Found) -> None:
    company = await found_company("Iverson")
    desktop = await at_work(company, company.people[0], hours=1)
    updates = owner.live(company.id)
    try:
        first = await anext(updates)
        assert first["companies"][company.id]["minutes"] == {"value": "0"}
        desktop.tick(900)
        await desktop.upload()
        async for update in updates:
            if update["companies"].get(company.id, {}).get("minutes") == {"value": "900"}:
                break
    finally:
        await updates.aclose()
