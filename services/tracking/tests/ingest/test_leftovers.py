"""Rows sent under the wrong session or person, and threads that post the same rows twice."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from services.tracking.tests.fixtures.gateway import Clock, CountSeconds, Fold
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from tracker_client import Desktop

BEFORE_LOG_IN = "older than the log-in: another person's"


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Tenant:
    """A company of the test's own."""
    return await new_tenant(people=2)


@pytest.fixture
def spend(desktop: Desktop, clock: Clock) -> Callable[[int], None]:
    """`spend(60)`: the desktop and the gateway get a minute older, and the person worked if the tracker runs."""

    def spend(seconds: int) -> None:
        desktop.tick(seconds)
        clock.now += timedelta(seconds=seconds)

    return spend


def alone(desktop: Desktop, sessions: int, seconds: int | None = None) -> dict[int, Counter[str]]:
    worked = desktop.truth.ticked["ACTIVE"] if seconds is None else seconds
    return {desktop.account.id: Counter({"ACTIVE": worked, "INACTIVE": 0, "sessions": sessions})}


async def test_leftovers_travel_with_the_next_session(
    tenant: Tenant, desktop: Desktop, spend: Callable[[int], None], counted: CountSeconds
) -> None:
    spend(11)
    assert await desktop.stop()
    spend(300)
    assert await desktop.start()
    spend(20)
    reply = await desktop.upload()
    assert reply is not None
    assert reply.fields["message"] == "2 rows stored"
    assert await counted(tenant) == alone(desktop, 2, 31)


async def test_leftovers_with_the_next_persons_token_count_for_nobody(
    tenant: Tenant, desktop: Desktop, spend: Callable[[int], None], counted: CountSeconds, stored: ReadRows
) -> None:
    spend(60)
    await desktop.upload()
    spend(30)
    alice = desktop.account.id
    assert await desktop.stop()
    spend(60)
    assert await desktop.sign_in(tenant.people[1], tenant.password)
    assert await desktop.start()
    spend(45)
    await desktop.upload()
    totals = await counted(tenant)
    assert totals[alice]["ACTIVE"] == 60
    assert totals[desktop.account.id] == {"ACTIVE": 45, "INACTIVE": 0, "sessions": 1}
    assert [row["reason"] for row in await stored("quarantine", tenant.company_id)] == [BEFORE_LOG_IN]


async def test_a_crash_loses_nothing(
    tenant: Tenant, desktop: Desktop, spend: Callable[[int], None], counted: CountSeconds
) -> None:
    spend(60)
    desktop.crash()
    spend(600)
    assert await desktop.start()
    spend(30)
    await desktop.upload()
    assert await counted(tenant) == alone(desktop, 2, 90)


async def test_rows_for_an_ended_session_are_counted(
    tenant: Tenant, desktop: Desktop, spend: Callable[[int], None], counted: CountSeconds
) -> None:
    ended = desktop.session_id
    spend(25)
    assert await desktop.stop()
    reply = await desktop.upload(session_id=ended)
    assert reply is not None
    assert reply.ok
    assert await counted(tenant) == alone(desktop, 1, 25)


async def test_two_threads_post_the_same_rows_under_two_sessions(
    tenant: Tenant, desktop: Desktop, spend: Callable[[int], None], counted: CountSeconds, stored: ReadRows
) -> None:
    for _ in range(10):
        old = desktop.session_id
        spend(30)
        assert await desktop.stop()
        assert await desktop.start()
        replies = await asyncio.gather(*(desktop.upload(session) for session in (old, None, old)))
        assert all(reply is not None and reply.ok for reply in replies)
    assert await counted(tenant) == alone(desktop, 11, 300)
    assert len(await stored("activity", tenant.company_id)) == 10


async def test_an_old_thread_resends_what_grew_meanwhile(
    tenant: Tenant, desktop: Desktop, spend: Callable[[int], None], counted: CountSeconds
) -> None:
    spend(30)
    stale = desktop.tables.snapshot()
    spend(30)
    await desktop.upload()
    reply = await desktop.client.upload_activity(desktop.account, desktop.session, stale)
    assert reply.ok
    assert await counted(tenant) == alone(desktop, 1, 60)


async def test_nothing_is_counted_twice_however_often_it_comes(
    tenant: Tenant, desktop: Desktop, spend: Callable[[int], None], fold: Fold, counted: CountSeconds
) -> None:
    posted = []
    for seconds in (10, 40, 5):
        spend(seconds)
        posted.append(desktop.tables.snapshot())
        await desktop.upload()
    once = await counted(tenant)
    for rows in (*posted, *reversed(posted)):
        assert (await desktop.client.upload_activity(desktop.account, desktop.session, rows)).ok
        await fold(tenant)
    assert await counted(tenant) == once == alone(desktop, 1, 55)
