"""The end of deleted sessions and of those beside them: heartbeats lag behind what devices record."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.gateway import Clock, CountSeconds, NewTracker, uploaded
from services.tracking.tests.fixtures.platform import ReadRows, Tenant
from tracker_client import Desktop, Window
from tracking.sessions.use_cases.lifecycle import end_session_as_admin, end_silent_sessions

SECRET, OTHER = Window("Diary", "Dear diary"), Window("Editor", "notes")


@pytest.fixture
def end(engine: AsyncEngine, dispatch: AsyncEngine, tenant: Tenant) -> Callable[[Desktop, str], Awaitable[None]]:
    """`await end(desktop, by)`: at its last heartbeat, which is its start."""

    async def end(desktop: Desktop, by: str) -> None:
        if by == "ADMIN":
            await end_session_as_admin(engine, tenant.company_id, int(desktop.session))
        if by == "SILENCE":
            await end_silent_sessions(engine, dispatch)  # the test lives some days ago

    return end


@pytest.fixture
def other(tracker: NewTracker, tenant: Tenant, clock: Clock) -> Callable[[], Awaitable[Desktop]]:
    """`await other()`: the same person starts to work at another device."""

    async def start() -> Desktop:
        desktop = Desktop(tracker(tenant.key), clock.now)
        assert await desktop.sign_in(tenant.people[0], tenant.password)
        assert await desktop.start()
        return desktop

    return start


def record(desktop: Desktop, seconds: int, window: Window) -> None:
    desktop.tick(seconds, window=window)
    desktop.tick(0, window=Window("Desktop", ""))


async def names(stored: Any, tenant: Any) -> set[str]:
    return {row["name"] for row in await stored("usage_record", tenant.company_id)}


@pytest.mark.parametrize("by", ["ADMIN", "SILENCE"])
async def test_what_was_recorded_after_the_last_sign_counts(
    desktop: Desktop,
    tenant: Tenant,
    clock: Clock,
    end: Callable[[Desktop, str], Awaitable[None]],
    delete: Callable[..., Awaitable[None]],
    counted: CountSeconds,
    stored: ReadRows,
    by: str,
) -> None:
    record(desktop, 3600, SECRET)
    clock.now += timedelta(hours=1)
    await desktop.upload()
    await end(desktop, by)
    record(desktop, 1800, SECRET)
    clock.now += timedelta(minutes=30)
    await delete(desktop.session_id, now=clock.now)
    assert await names(stored, tenant) == {""}
    clock.now += timedelta(minutes=5)
    assert await uploaded(desktop), "the network is back"
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 1800, "INACTIVE": 0, "sessions": 0}}
    assert await names(stored, tenant) == {"", SECRET.app}


async def test_a_session_that_began_before_the_deletion_of_an_open_one_counts(
    desktop: Desktop, tenant: Tenant, clock: Clock, delete: Callable[..., Awaitable[None]], counted: CountSeconds
) -> None:
    """The second is open when it is deleted; rows of two hours after its last sign come with the third's id."""
    record(desktop, 500, OTHER)
    clock.now += timedelta(seconds=500)
    await desktop.upload()
    assert await desktop.stop()
    assert await desktop.start()
    second = desktop.session_id
    desktop.now += timedelta(hours=2)
    clock.now += timedelta(hours=2)
    record(desktop, 60, OTHER)
    clock.now += timedelta(seconds=60)
    await delete(second, now=clock.now)
    desktop.crash()
    assert await desktop.start()
    await desktop.upload()
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 560, "INACTIVE": 0, "sessions": 2}}


async def test_what_its_tracker_ended_goes_until_then(
    desktop: Desktop, tenant: Tenant, clock: Clock, delete: Callable[..., Awaitable[None]], counted: CountSeconds
) -> None:
    record(desktop, 600, OTHER)
    clock.now += timedelta(minutes=1)
    assert (await desktop.client.stop_session(desktop.account, desktop.session, clock.now)).ok
    clock.now += timedelta(minutes=9)
    await desktop.upload()
    await delete(desktop.session_id, now=clock.now)
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 540, "INACTIVE": 0, "sessions": 0}}


@pytest.mark.parametrize("by", ["ADMIN", "SILENCE", "nobody"])
async def test_the_next_session_of_its_device_stays(
    desktop: Desktop,
    tenant: Tenant,
    clock: Clock,
    end: Callable[[Desktop, str], Awaitable[None]],
    delete: Callable[..., Awaitable[None]],
    counted: CountSeconds,
    stored: ReadRows,
    by: str,
) -> None:
    record(desktop, 600, SECRET)
    clock.now += timedelta(minutes=10)
    await desktop.upload()
    first = desktop.session_id
    await end(desktop, by)
    desktop.session_id = None  # its process is restarted
    assert await desktop.start()
    record(desktop, 60, OTHER)
    clock.now += timedelta(minutes=1)
    await desktop.upload()
    await delete(first, now=clock.now + timedelta(hours=1))
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 60, "INACTIVE": 0, "sessions": 1}}
    assert await names(stored, tenant) == {"", OTHER.app}


@pytest.mark.parametrize(("by", "likely"), [("nobody", 3600), ("ADMIN", 60), ("SILENCE", 60)])
async def test_another_covers_more_than_its_signs_say(
    desktop: Desktop,
    tenant: Tenant,
    clock: Clock,
    other: Callable[[], Awaitable[Desktop]],
    end: Callable[[Desktop, str], Awaitable[None]],
    delete: Callable[..., Awaitable[None]],
    stored: ReadRows,
    by: str,
    likely: int,
) -> None:
    """What was in front meanwhile may be the other session's: it stays."""
    beside = await other()
    record(beside, likely, OTHER)
    clock.now += timedelta(seconds=likely)
    await beside.upload()
    await end(beside, by)
    await delete(desktop.session_id, now=clock.now)
    assert await names(stored, tenant) == {OTHER.app}


async def test_another_that_is_over_covers_no_more(
    desktop: Desktop,
    tenant: Tenant,
    clock: Clock,
    other: Callable[[], Awaitable[Desktop]],
    end: Callable[[Desktop, str], Awaitable[None]],
    delete: Callable[..., Awaitable[None]],
    stored: ReadRows,
) -> None:
    beside = await other()
    await end(beside, "ADMIN")
    record(desktop, 3600, SECRET)
    clock.now += timedelta(hours=1)
    await desktop.upload()
    await delete(desktop.session_id, now=clock.now)
    assert await names(stored, tenant) == {""}
