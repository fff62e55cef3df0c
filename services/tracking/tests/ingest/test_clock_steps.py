"""Clock steps during a session: seconds are counted when they happened, and once."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.gateway import Clock, CountSeconds, NewTracker, uploaded
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from tracker_client import Desktop, Window
from tracker_client.rows import ActivityKind as MinuteKind
from tracking.clock.rules.unix_time import microsecond_of, moment_of
from tracking.ingest.rules.clock_steps import TickOrder
from tracking.ingest.rules.rows import ActivityRow
from tracking.ingest.rules.upload_reader import Report, UploadReader
from tracking.sessions.use_cases.show_sessions import SessionFilter, show_sessions

HOUR = timedelta(hours=1)
STEPS = [-2 * HOUR, -HOUR, timedelta(minutes=-10), timedelta(seconds=-20), timedelta(seconds=20), HOUR, 2 * HOUR]


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Tenant:
    """A company of the test's own."""
    return await new_tenant(people=2)


@pytest.fixture
async def desktop(tenant: Tenant, tracker: NewTracker, clock: Clock) -> Desktop:
    """A desktop whose person signed in some hours before the session."""
    desktop = Desktop(tracker(tenant.key), clock.now)
    assert await desktop.sign_in(tenant.people[0], tenant.password)
    clock.now += 3 * HOUR
    desktop.now += 3 * HOUR
    assert await desktop.start()
    return desktop


@pytest.fixture
def spend(desktop: Desktop, clock: Clock) -> Callable[..., None]:
    """`spend(20)`: the person works while the clock advances."""

    def spend(seconds: int, kind: MinuteKind = "ACTIVE", window: Window | None = None) -> None:
        desktop.tick(seconds, kind, window)
        clock.now += timedelta(seconds=seconds)

    return spend


@pytest.fixture
def shown(
    engine: AsyncEngine, tenant: Tenant, stored: ReadRows
) -> Callable[[], Awaitable[tuple[datetime, datetime | None, int]]]:
    """`await shown()`: what the company sees of its one session: start, end, active seconds."""

    async def shown() -> tuple[datetime, datetime | None, int]:
        [admin] = [row["employee_id"] for row in await stored("employee", tenant.company_id) if row["role"] == "ADMIN"]
        page = await show_sessions(engine, tenant.company_id, admin, SessionFilter(), is_admin=True)
        [(session, found)] = page.sessions
        return session.started_at, session.ended_at, found.active_seconds

    return shown


@pytest.mark.parametrize("step", STEPS)
async def test_a_clock_that_is_set_after_the_start(
    tenant: Tenant,
    desktop: Desktop,
    clock: Clock,
    spend: Callable[..., None],
    counted: CountSeconds,
    shown: Callable[[], Awaitable[tuple[datetime, datetime | None, int]]],
    step: timedelta,
) -> None:
    began = clock.now
    desktop.now += step
    spend(20)
    assert await uploaded(desktop)
    assert await desktop.stop()
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 20, "INACTIVE": 0, "sessions": 1}}
    assert await shown() == (began, clock.now, 20)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("hours", [0, 3])
async def test_a_clock_that_is_set_and_set_back(
    tenant: Tenant,
    desktop: Desktop,
    clock: Clock,
    spend: Callable[..., None],
    counted: CountSeconds,
    shown: Callable[[], Awaitable[tuple[datetime, datetime | None, int]]],
    step: timedelta,
    hours: int,
) -> None:
    began, worked = clock.now, 0
    for wrong in (timedelta(), step, timedelta()):
        desktop.now = clock.now + wrong
        for seconds in (10, 10, 7, *([3600] * hours)):
            spend(seconds)
            worked += seconds
            assert await uploaded(desktop)
    assert await desktop.stop()
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": worked, "INACTIVE": 0, "sessions": 1}}
    assert await shown() == (began, clock.now, worked)


@pytest.mark.parametrize("step", [-HOUR, HOUR])
async def test_rows_of_before_and_after_in_one_upload(
    tenant: Tenant,
    desktop: Desktop,
    clock: Clock,
    spend: Callable[..., None],
    counted: CountSeconds,
    stored: ReadRows,
    step: timedelta,
) -> None:
    spend(30)
    await desktop.upload()
    spend(10, "INACTIVE")
    spend(5, window=Window("Editor", "before"))
    spend(0, window=Window("Editor", "after"))
    before = clock.now
    desktop.now += step
    spend(20)
    spend(0, window=Window("Other", ""))
    assert await uploaded(desktop)
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 55, "INACTIVE": 10, "sessions": 1}}
    used = {row["detail"]: row["at"] for row in await stored("usage_record", tenant.company_id)}
    assert used == {"before": before, "after": clock.now}


async def test_a_stop_measures_the_clock_for_what_is_left(
    tenant: Tenant, desktop: Desktop, spend: Callable[..., None], counted: CountSeconds, stored: ReadRows
) -> None:
    spend(30)
    await desktop.upload()
    desktop.now -= HOUR
    spend(8)
    assert await desktop.stop()
    [device] = await stored("device", tenant.company_id)
    assert device["clock_offset"] == HOUR
    spend(60)
    assert await desktop.start()
    spend(10)
    await desktop.upload()
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 48, "INACTIVE": 0, "sessions": 2}}


async def test_late_rows_say_nothing_of_the_clock(
    tenant: Tenant, desktop: Desktop, spend: Callable[..., None], counted: CountSeconds, stored: ReadRows
) -> None:
    """Of an outage, of a crash, of a session before; and what an old thread posts again."""
    spend(600)
    desktop.crash()
    spend(3600)
    assert await desktop.start()
    stale = desktop.tables.snapshot()
    assert await uploaded(desktop), "leftovers alone"
    spend(30)
    assert await uploaded(desktop)
    for _ in range(2):
        assert (await desktop.client.upload_activity(desktop.account, desktop.session, stale)).ok
    spend(30)
    assert await uploaded(desktop)
    [device] = await stored("device", tenant.company_id)
    assert device["clock_offset"] == timedelta()
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 660, "INACTIVE": 0, "sessions": 2}}


def read(*ticks: datetime, received: datetime, logged_in_at: datetime = datetime(2026, 3, 2, tzinfo=UTC)) -> Report:
    reader = UploadReader(UUID(int=1), logged_in_at=logged_in_at, clock_offset=timedelta())
    rows = [ActivityRow("ACTIVE", 5, f"{at:%Y-%m-%d %H:%M:%S}") for at in ticks]
    return reader.read(applications=(), websites=(), activities=rows, received_at=received)


NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("posted", "seconds", "says"),
    [
        ([NINE + timedelta(seconds=20)], 20, None),
        ([NINE - HOUR], 5, None),  # leftovers alone, right after the start
        ([NINE - HOUR], 20, NINE - HOUR),  # but by now there would be ticks of the session
        ([NINE - HOUR, NINE + timedelta(seconds=19)], 20, None),
        ([NINE + timedelta(seconds=10)], 20, None),  # as an old thread
        ([], 20, None),
    ],
)
def test_which_uploads_say_that_the_clock_was_set(posted: list[datetime], seconds: int, says: datetime | None) -> None:
    received = NINE + timedelta(seconds=seconds)
    report = read(*posted, received=received)
    shown = TickOrder().shown(report, session_start=microsecond_of(NINE), received=microsecond_of(received))
    assert (None if shown is None else moment_of(shown)) == says


def test_what_another_person_left_says_nothing_of_the_clock() -> None:
    """A shared desktop: somebody signs in a moment before the session, and the first upload holds leftovers alone."""
    order, start = TickOrder(), microsecond_of(NINE)
    later = NINE + timedelta(seconds=16)
    left = read(NINE - HOUR, received=later, logged_in_at=NINE - timedelta(seconds=5))
    assert (left.activity, len(left.before)) == ([], 1)
    assert order.shown(left, session_start=start, received=microsecond_of(later)) is None
    order.note(left)
    assert order.shown(left, session_start=start, received=microsecond_of(later)) is None, "nor when it comes again"
    ticks = NINE - HOUR, NINE - HOUR + timedelta(seconds=10)
    added = read(*ticks, received=later, logged_in_at=NINE - timedelta(seconds=5))
    assert order.shown(added, session_start=start, received=microsecond_of(later)) == microsecond_of(ticks[1])


async def test_a_clock_that_is_set_back_to_before_the_log_in(
    tenant: Tenant, tracker: NewTracker, clock: Clock, counted: CountSeconds, stored: ReadRows
) -> None:
    """Until the desktop adds ticks, they may be another person's and are quarantined; what follows counts."""
    desktop = Desktop(tracker(tenant.key), clock.now)
    assert await desktop.sign_in(tenant.people[1], tenant.password)
    assert await desktop.start()
    desktop.now -= HOUR
    for seconds in (20, 10, 30):
        desktop.tick(seconds, "ACTIVE", None)
        clock.now += timedelta(seconds=seconds)
        assert await uploaded(desktop)
    assert (await counted(tenant))[desktop.account.id] == {"ACTIVE": 40, "INACTIVE": 0, "sessions": 1}
    [row] = await stored("quarantine", tenant.company_id)
    assert "another person" in row["reason"]


def test_ticks_of_a_device_come_in_order() -> None:
    order, start = TickOrder(), microsecond_of(NINE - 5 * HOUR)
    first = read(NINE, NINE - timedelta(seconds=30), received=NINE)
    order.note(first)
    later = microsecond_of(NINE + timedelta(seconds=10))
    assert order.shown(first, session_start=start, received=later) is None, "the reply was lost"
    back = read(NINE - HOUR, received=NINE + timedelta(seconds=10))
    assert order.shown(back, session_start=start, received=later) == microsecond_of(NINE - HOUR)
