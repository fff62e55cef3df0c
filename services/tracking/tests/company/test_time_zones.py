"""A change of time zone: all days, past ones included, are recounted as if the zone had always applied."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tracking.v1 import usage_pb2
from services.tracking.tests.fixtures.gateway import Clock, CountSeconds, Fold, NewTracker
from services.tracking.tests.fixtures.platform import Move, NewTenant, ReadRows, Tenant
from tracker_client import Desktop
from tracking.access.rules.directory import AccessDirectory
from tracking.checking.use_cases.recount import recount_days
from tracking.company.use_cases.change_time_zone import TimeZones, change_time_zone
from tracking.publishing.messages import company_month_event

RECOUNT = partial(recount_days, encode=company_month_event)


@pytest.fixture
async def tenant(new_tenant: NewTenant, tracker: NewTracker, clock: Clock, fold: Fold) -> Tenant:
    """In UTC; on each of three days somebody works for the half hour around midnight, idle for the second half."""
    tenant = await new_tenant()
    desktop = Desktop(tracker(tenant.key), clock.now)
    assert await desktop.sign_in(tenant.people[0], tenant.password)
    for day in range(3):
        midnight = clock.now.replace(hour=0) + timedelta(days=day + 1)
        clock.now = desktop.now = midnight - timedelta(minutes=15)
        assert await desktop.start()
        desktop.tick(900)
        desktop.tick(900, "INACTIVE")
        clock.now += timedelta(minutes=30)
        await desktop.upload()
        assert await desktop.stop()
        clock.now = midnight.replace(hour=8) - timedelta(days=day + 1)
    await fold(tenant)
    return tenant


@pytest.fixture
def days(stored: ReadRows) -> Callable[[Tenant], Awaitable[dict[Any, tuple[int, ...]]]]:
    """`await days(tenant)`: of each day that has any, active and idle seconds, people and sessions."""

    async def days(tenant: Tenant) -> dict[Any, tuple[int, ...]]:
        rows = await stored("company_day", tenant.company_id)
        found = {
            row["day"]: (row["active_seconds"], row["idle_seconds"], row["employees_active"], row["sessions"])
            for row in rows
        }
        return {day: sums for day, sums in found.items() if any(sums)}

    return days


async def test_days_are_cut_anew_and_announced(
    engine: AsyncEngine,
    tenant: Tenant,
    days: Callable[[Tenant], Awaitable[dict[Any, tuple[int, ...]]]],
    counted: CountSeconds,
    superuser: AsyncEngine,
) -> None:
    before = await days(tenant)
    first = min(before)
    assert before[first] == (900, 0, 1, 1)
    assert before[first + timedelta(days=1)] == (900, 900, 1, 1)
    for zone in ("Asia/Tokyo", "America/New_York", "UTC"):
        assert await change_time_zone(engine, tenant.company_id, zone, RECOUNT)
        assert not await change_time_zone(engine, tenant.company_id, zone, RECOUNT)
        totals = await counted(tenant)  # a recomputation from raw rows finds the same
        assert [dict(total) for total in totals.values()] == [{"ACTIVE": 2700, "INACTIVE": 2700, "sessions": 3}]
        after = await days(tenant)
        if zone == "Asia/Tokyo":
            assert after == {first + timedelta(days=n + 1): (900, 900, 1, 1) for n in range(3)}
        if zone == "America/New_York":
            assert after == {first + timedelta(days=n): (900, 900, 1, 1) for n in range(3)}
    assert await days(tenant) == before
    newest = max(before)
    statement = text("SELECT payload FROM outbox WHERE subject = :subject")
    async with superuser.connect() as connection:
        subject = {"subject": f"usage.v1.{tenant.company_id}.{newest:%Y%m}"}
        month = usage_pb2.CompanyMonth.FromString((await connection.execute(statement, subject)).scalar_one())
    sums = {day.day: (day.active_seconds, day.idle_seconds) for day in month.days}
    assert sums[newest.day] == before[newest][:2]


async def test_what_comes_later_is_counted_in_the_new_days(
    engine: AsyncEngine,
    tenant: Tenant,
    tracker: NewTracker,
    clock: Clock,
    days: Callable[[Tenant], Awaitable[dict[Any, tuple[int, ...]]]],
    counted: CountSeconds,
) -> None:
    await change_time_zone(engine, tenant.company_id, "Asia/Tokyo", RECOUNT)
    clock.now = max(await days(tenant))
    clock.now = datetime(
        clock.now.year, clock.now.month, clock.now.day, 14, 50, tzinfo=UTC
    )  # ten before midnight there
    desktop = Desktop(tracker(tenant.key), clock.now)
    assert await desktop.sign_in(tenant.people[0], tenant.password)
    assert await desktop.start()
    desktop.tick(1200)
    clock.now += timedelta(minutes=20)
    await desktop.upload()
    await counted(tenant)
    found = await days(tenant)
    assert [found[day][0] for day in sorted(found)] == [900, 900, 1500, 600]


async def test_what_still_waits_is_counted_once(
    engine: AsyncEngine, tenant: Tenant, tracker: NewTracker, clock: Clock, counted: CountSeconds
) -> None:
    """A session and a claim that have come in, and are not folded yet, when the company moves."""
    desktop = Desktop(tracker(tenant.key), clock.now)
    assert await desktop.sign_in(tenant.people[0], tenant.password)
    assert await desktop.start()
    desktop.tick(60)
    clock.now += timedelta(minutes=1)
    await desktop.upload()
    assert await change_time_zone(engine, tenant.company_id, "Asia/Kolkata", RECOUNT)
    totals = await counted(tenant)
    assert [dict(total) for total in totals.values()] == [{"ACTIVE": 2760, "INACTIVE": 2700, "sessions": 4}]


async def test_the_owners_change_reaches_the_days(
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    tenant: Tenant,
    move: Move,
    directory: AccessDirectory,
    days: Callable[[Tenant], Awaitable[dict[Any, tuple[int, ...]]]],
    stored: ReadRows,
) -> None:
    zones = TimeZones(engine, dispatch, RECOUNT)
    before = await days(tenant)
    await move(tenant, "Asia/Tokyo")
    for _ in range(2):
        await zones.follow(directory.company_revision, directory.time_zones)
    (company,) = await stored("company", tenant.company_id)
    assert company["time_zone"] == "Asia/Tokyo"
    assert await days(tenant) != before
