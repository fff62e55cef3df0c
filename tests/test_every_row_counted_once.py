"""A tracker repeats unanswered uploads, and two of its threads post the same rows: each row counts once."""

import asyncio
from collections import Counter

from tests.platform.company import Company, Found
from tests.platform.desktops import account, at_work, post, session
from tests.platform.numbers import assert_reconciled, settled
from tests.platform.running import Running
from tests.platform.workers import each_worker, serving
from tracker_client import Desktop, TrackerClient, Upload, Window

UPLOADS = 25  # for each of four desktops
MAIL = Window("Mail", "Inbox")
CHAT = Window("Chat", "General")
WIKI = Window("Browser", "Wiki", browser=True, domain="wiki.example", url="https://wiki.example/")


def work(desktop: Desktop) -> Upload:
    """Returns one upload's rows, of which two are equal and both count."""
    for window in (MAIL, WIKI, CHAT):
        desktop.tick(20, window=window)
    desktop.tick(30, "INACTIVE")
    rows = desktop.tables.snapshot()
    desktop.tables.clear()
    return Upload((*rows.applications, *rows.applications[:1]), rows.websites, rows.activities)


async def send_twice(way: int, desktop: Desktop, rows: Upload, one: TrackerClient, other: TrackerClient) -> None:
    """Sends twice to one process, to one after the other, or to both at once; every response is a 200."""
    if way == 0:
        replies = [await post(desktop, rows, one), await post(desktop, rows, one)]
    elif way == 1:
        replies = [await post(desktop, rows, one), await post(desktop, rows, other)]
    else:
        replies = list(await asyncio.gather(post(desktop, rows, one), post(desktop, rows, other)))
    assert [reply.code for reply in replies] == [200, 200], replies


def stored(running: Running, company: Company) -> Counter[tuple[str, int]]:
    """Returns the raw rows of use by name and Unix time."""
    statement = "SELECT name, extract(epoch FROM at)::bigint AS at FROM usage_record WHERE company_id = %s"
    return Counter((row.name, row.at) for row in running.rows("tracking", statement, company.id))


def sent(uploads: list[Upload]) -> Counter[tuple[str, int]]:
    """Returns the rows that trackers have sent, each upload once."""
    rows = Counter((row.app, int(row.created_at.timestamp())) for rows in uploads for row in rows.applications)
    rows.update((row.domain, int(row.created_at.timestamp())) for rows in uploads for row in rows.websites)
    return rows


async def test_a_hundred_uploads_sent_twice_count_once(running: Running, found_company: Found) -> None:
    company = await found_company("Quillon", people=4)
    desktops = [await at_work(company, person, hours=2) for person in company.people]
    uploads: list[Upload] = []
    async with each_worker(running) as workers:
        one, other = (company.tracker(worker.http) for worker in workers)
        for number in range(UPLOADS):
            batch = [work(desktop) for desktop in desktops]
            uploads += batch
            for place, (desktop, rows) in enumerate(zip(desktops, batch, strict=True)):
                await send_twice((number + place) % 3, desktop, rows, one, other)
        assert [await serving(running, worker.http) for worker in workers] == [worker.pid for worker in workers]
    assert len(uploads) == 100

    days = await settled(running, company.id)
    assert stored(running, company) == sent(uploads)
    assert sum(day.active_seconds for day in days) == sum(d.truth.ticked["ACTIVE"] for d in desktops) == 100 * 60
    assert sum(day.idle_seconds for day in days) == sum(d.truth.ticked["INACTIVE"] for d in desktops) == 100 * 30
    assert sum(day.sessions for day in days) == len(desktops)
    assert_reconciled(running)


async def test_two_threads_of_a_tracker_post_under_two_sessions(running: Running, found_company: Found) -> None:
    company = await found_company("Rowan")
    desktop = await at_work(company, company.people[0], hours=1)
    first = session(desktop)
    desktop.tick(600)
    assert await desktop.stop()
    assert await desktop.start()
    rows = desktop.tables.snapshot()
    async with each_worker(running) as workers:
        clients = [company.tracker(worker.http) for worker in workers]
        replies = await asyncio.gather(
            clients[0].upload_activity(account(desktop), first, rows),
            clients[1].upload_activity(account(desktop), session(desktop), rows),
        )
    assert [reply.code for reply in replies] == [200, 200]
    days = await settled(running, company.id)
    assert sum(day.active_seconds for day in days) == 600
    assert_reconciled(running)
