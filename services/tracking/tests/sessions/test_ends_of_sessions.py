"""The end of agents' sessions, of which a device has one at a time: records are heartbeats."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.gateway import Clock, CountSeconds
from services.tracking.tests.fixtures.native import Enrol
from services.tracking.tests.fixtures.platform import ReadRows, Tenant
from tracker_client import NativeAgent
from tracking.publishing.messages import company_month_event
from tracking.screenshots.store.pictures import PictureStore
from tracking.session_deletion.use_cases import delete_session
from tracking.sessions.use_cases.lifecycle import end_silent_sessions
from tracking.sessions.use_cases.show_sessions import SessionFilter, show_sessions

HOUR = timedelta(hours=1)


@pytest.fixture
async def at_desk(own: Tenant, enrol: Enrol, native_clock: Clock) -> NativeAgent:
    """An agent in the clock's time."""
    assert native_clock.now.second == 0
    return await enrol(own)


@pytest.fixture
def shown(
    engine: AsyncEngine, own: Tenant, stored: ReadRows
) -> Callable[[], Awaitable[list[tuple[int, datetime | None, str | None]]]]:
    """`await shown()`: of each session, the newest first, its minutes of active time, its end and what ended it."""

    async def shown() -> list[tuple[int, datetime | None, str | None]]:
        [viewer] = [row["employee_id"] for row in await stored("employee", own.company_id) if row["role"] == "ADMIN"]
        page = await show_sessions(engine, own.company_id, viewer, SessionFilter(), is_admin=True)
        return [(found.active_seconds // 60, session.ended_at, session.ended_by) for session, found in page.sessions]

    return shown


@pytest.fixture
def delete(
    engine: AsyncEngine, pictures: PictureStore, own: Tenant, stored: ReadRows
) -> Callable[[str, datetime], Awaitable[None]]:
    """`await delete(session_id)`, by the company's admin, at that moment."""

    async def delete(session_id: str, now: datetime) -> None:
        [row] = [row for row in await stored("work_session", own.company_id) if row["session_id"] == UUID(session_id)]
        about = {"deleted_by": row["employee_id"], "encode": company_month_event, "now": now}
        await delete_session(engine, pictures, own.company_id, row["number"], **about)

    return delete


def work(agent: Any, start: datetime, duration: timedelta) -> None:
    agent.record("activity", kind="active", start=start, end=start + duration)


async def test_what_its_device_recorded_is_a_sign_of_its_life(
    own: Tenant,
    at_desk: NativeAgent,
    native_clock: Clock,
    counted: CountSeconds,
    shown: Callable[[], Awaitable[list[tuple[int, datetime | None, str | None]]]],
) -> None:
    """No end was sent, and the records come the next day, without the session's id."""
    start = native_clock.now
    at_desk.start(start)
    assert (await at_desk.sync(start)).status_code == 200
    at_desk.session_id = None
    native_clock.now += timedelta(days=1)
    work(at_desk, start, HOUR)
    assert (await at_desk.sync(native_clock.now)).status_code == 200
    assert next(iter((await counted(own)).values()))["ACTIVE"] == 3600
    [(minutes, ended_at, _by)] = await shown()
    assert (minutes, ended_at) == (60, None), "nobody has noticed its silence yet"


async def test_one_that_fell_silent_ends_with_its_records(
    own: Tenant,
    at_desk: NativeAgent,
    native_clock: Clock,
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    counted: CountSeconds,
    shown: Callable[[], Awaitable[list[tuple[int, datetime | None, str | None]]]],
) -> None:
    start = native_clock.now
    at_desk.start(start)
    work(at_desk, start, HOUR)
    at_desk.session_id = None
    native_clock.now += HOUR
    assert (await at_desk.sync(native_clock.now)).status_code == 200
    await end_silent_sessions(engine, dispatch)
    await counted(own)
    assert await shown() == [(60, start + HOUR, "SILENCE")]


async def test_records_of_the_next_session_are_its_own(
    own: Tenant,
    at_desk: NativeAgent,
    native_clock: Clock,
    counted: CountSeconds,
    shown: Callable[[], Awaitable[list[tuple[int, datetime | None, str | None]]]],
) -> None:
    start = native_clock.now
    native_clock.now += 4 * HOUR
    for began, lasted in ((start, HOUR), (start + 2 * HOUR, HOUR / 2)):
        at_desk.start(began)
        work(at_desk, began, lasted)
    at_desk.session_id = None
    assert (await at_desk.sync(native_clock.now)).status_code == 200
    await counted(own)
    assert await shown() == [(30, None, None), (60, start + HOUR, "NEXT")]


async def test_a_new_session_ends_the_devices_older_one(
    at_desk: NativeAgent,
    native_clock: Clock,
    shown: Callable[[], Awaitable[list[tuple[int, datetime | None, str | None]]]],
) -> None:
    start = native_clock.now
    at_desk.start(start)
    assert (await at_desk.sync(start)).status_code == 200
    native_clock.now += HOUR
    at_desk.start(native_clock.now)
    assert (await at_desk.sync(native_clock.now)).status_code == 200
    assert await shown() == [(0, None, None), (0, start, "NEXT")]


async def test_an_older_session_that_comes_later_does_not_run(
    at_desk: NativeAgent,
    native_clock: Clock,
    shown: Callable[[], Awaitable[list[tuple[int, datetime | None, str | None]]]],
) -> None:
    start, later = native_clock.now, native_clock.now + HOUR
    native_clock.now += 2 * HOUR
    at_desk.start(later)
    running = at_desk.session_id
    assert (await at_desk.sync(native_clock.now)).status_code == 200
    at_desk.start(start)
    older, at_desk.session_id = at_desk.session_id, running
    assert (await at_desk.sync(native_clock.now)).status_code == 200
    assert await shown() == [(0, None, None), (0, start, "NEXT")]
    at_desk.session_id = older
    answer = await at_desk.sync(native_clock.now)
    assert answer.json()["session_ended"], "it does not go on"
    at_desk.record("session_end", session_id=older, at=start + HOUR / 2)
    assert (await at_desk.sync(native_clock.now)).json()["results"][0]["outcome"] == "stored"
    assert (await shown())[1] == (0, start + HOUR / 2, "TRACKER"), "its own word is the last"


async def test_a_start_that_comes_again_ends_nothing(
    at_desk: NativeAgent,
    native_clock: Clock,
    shown: Callable[[], Awaitable[list[tuple[int, datetime | None, str | None]]]],
) -> None:
    at_desk.start(native_clock.now)
    again = dict(at_desk.outbox)
    for outcome in ("stored", "duplicate"):
        answer = await at_desk.sync(native_clock.now)
        assert [result["outcome"] for result in answer.json()["results"]] == [outcome]
        at_desk.outbox |= again
    assert await shown() == [(0, None, None)]


async def test_a_session_that_arrives_after_an_open_ones_deletion_counts(
    own: Tenant,
    at_desk: NativeAgent,
    native_clock: Clock,
    counted: CountSeconds,
    delete: Callable[[str, datetime], Awaitable[None]],
) -> None:
    """Without a network the agent ended the second session and began the third, while the second seemed to run on."""
    agent, nine = at_desk, native_clock.now + HOUR
    agent.start(native_clock.now)
    work(agent, native_clock.now, timedelta(seconds=400))
    native_clock.now = nine
    agent.stop(nine - HOUR / 2)
    second = agent.start(nine)
    work(agent, nine, timedelta(seconds=100))
    native_clock.now += timedelta(seconds=100)
    assert (await agent.sync(native_clock.now)).status_code == 200
    assert next(iter((await counted(own)).values()))["ACTIVE"] == 500
    native_clock.now = nine + 3 * HOUR
    await delete(second, native_clock.now)
    third = nine + 2 * HOUR
    agent.start(third)
    work(agent, third, timedelta(seconds=60))
    agent.stop(third + timedelta(seconds=60))
    assert (await agent.sync(native_clock.now)).status_code == 200
    assert {result["outcome"] for result in agent.results} == {"stored"}
    [totals] = (await counted(own)).values()
    assert totals == {"ACTIVE": 460, "INACTIVE": 0, "sessions": 2}
