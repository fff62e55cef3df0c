"""A deleted session: its tracker stops, and nothing that arrives later is counted or kept."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid1, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotFound
from services.tracking.tests.fixtures.gateway import Clock, CountSeconds, Fold, NewTracker, uploaded
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from tracker_client import Desktop, Window
from tracking.checking.use_cases.reconcile import reconcile
from tracking.gateway.api.context import Gateway
from tracking.publishing.messages import company_month_event
from tracking.screenshots.store.pictures import PictureStore
from tracking.session_deletion.use_cases import LATEST, delete_session, erase_late_use
from tracking.sessions.use_cases.lifecycle import end_session_as_admin, end_silent_sessions

SECRET = Window("Diary", "Dear diary")


async def work(desktop: Desktop, clock: Any, seconds: int) -> None:
    desktop.tick(seconds, window=SECRET)
    desktop.tick(0, window=Window("Other", ""))
    clock.now += timedelta(seconds=seconds)


async def test_its_tracker_stops_and_what_comes_again_counts_nothing(
    desktop: Desktop,
    tenant: Tenant,
    clock: Clock,
    delete: Callable[..., Awaitable[None]],
    counted: CountSeconds,
    stored: ReadRows,
) -> None:
    await work(desktop, clock, 600)
    number, sent = desktop.session, desktop.tables.snapshot()
    assert await uploaded(desktop)
    await work(desktop, clock, 300)
    unsent = desktop.tables.snapshot()
    before = await counted(tenant)
    assert before[desktop.account.id]["ACTIVE"] == 600
    await delete(number, now=clock.now)
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 0, "INACTIVE": 0, "sessions": 0}}
    assert not await desktop.poll_session()
    assert not desktop.tracking
    assert (await desktop.client.stop_session(desktop.account, number, clock.now)).ok
    for _ in range(2):
        assert (await desktop.client.upload_activity(desktop.account, number, sent)).ok
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 0, "INACTIVE": 0, "sessions": 0}}
    for _ in range(2):
        assert (await desktop.client.upload_activity(desktop.account, number, unsent)).ok
    recorded_later = {"ACTIVE": 300, "INACTIVE": 0, "sessions": 0}
    assert await counted(tenant) == {desktop.account.id: recorded_later}, "nobody could see it when it was deleted"
    assert await stored("quarantine", tenant.company_id) == []
    desktop.tables.clear()
    assert await desktop.start()
    await work(desktop, clock, 60)
    await desktop.upload()
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 360, "INACTIVE": 0, "sessions": 1}}, "a new one is"


async def test_what_was_in_front_is_erased_and_known(
    desktop: Desktop, tenant: Tenant, clock: Clock, delete: Callable[..., Awaitable[None]], stored: ReadRows
) -> None:
    await work(desktop, clock, 600)
    rows = desktop.tables.snapshot()
    assert rows.applications
    for _ in range(2):
        assert (await desktop.client.upload_activity(desktop.account, desktop.session, rows)).ok
    keys = {row["record_id"] for row in await stored("usage_record", tenant.company_id)}
    await delete(desktop.session_id, now=clock.now)
    assert (await desktop.client.upload_activity(desktop.account, desktop.session, rows)).ok
    found = await stored("usage_record", tenant.company_id)
    assert {row["record_id"] for row in found} == keys
    assert {(row["name"], row["detail"], row["seconds"]) for row in found} == {("", "", 0)}


async def test_what_was_in_front_is_erased_whatever_its_ids_say_of_the_time(
    desktop: Desktop,
    tenant: Tenant,
    clock: Clock,
    delete: Callable[..., Awaitable[None]],
    stored: ReadRows,
    superuser: AsyncEngine,
) -> None:
    await work(desktop, clock, 600)
    assert await uploaded(desktop)
    [row] = await stored("usage_record", tenant.company_id)
    copy = text("""
        INSERT INTO usage_record (company_id, record_id, employee_id, kind, at, seconds, name, detail)
        SELECT company_id, :id, employee_id, kind, at, seconds, name, detail FROM usage_record WHERE record_id = :copied
    """)
    async with superuser.begin() as tx:
        for record_id in (uuid4(), uuid1(), UUID(int=1), UUID("01900000-0000-7000-8000-000000000000")):
            await tx.execute(copy, {"id": record_id, "copied": row["record_id"]})
    await delete(desktop.session_id, now=clock.now)
    found = await stored("usage_record", tenant.company_id)
    assert [(row["name"], row["detail"], row["seconds"]) for row in found] == [("", "", 0)] * 5


async def test_one_that_fell_silent_does_not_go_on(
    desktop: Desktop,
    tenant: Tenant,
    clock: Clock,
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    delete: Callable[..., Awaitable[None]],
    stored: ReadRows,
) -> None:
    clock.now += timedelta(minutes=1)
    await end_silent_sessions(engine, dispatch)  # the test lives some days ago
    await delete(desktop.session_id, now=clock.now)
    [row] = await stored("work_session", tenant.company_id)
    assert (row["ended_at"], row["ended_by"]) == (clock.now - timedelta(minutes=1), "ADMIN")
    assert not (await desktop.client.check_session_active(desktop.account, desktop.session)).fields["status"]
    assert [row["ended_by"] for row in await stored("work_session", tenant.company_id)] == ["ADMIN"]


async def test_what_comes_late_is_erased_soon(
    desktop: Desktop,
    tenant: Tenant,
    clock: Clock,
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    delete: Callable[..., Awaitable[None]],
    stored: ReadRows,
    gateway: Gateway,
) -> None:
    await work(desktop, clock, 600)
    assert await desktop.poll_session()
    await gateway.heartbeats.write_sessions()
    await delete(desktop.session_id, now=clock.now)
    assert await uploaded(desktop)
    [before] = await stored("usage_record", tenant.company_id)
    assert before["name"] == SECRET.app
    await erase_late_use(engine, dispatch, clock.now + LATEST + timedelta(seconds=1))
    assert await stored("usage_record", tenant.company_id) == [before], "by then nothing is expected any more"
    assert await erase_late_use(engine, dispatch, clock.now + LATEST) >= 1
    [row] = await stored("usage_record", tenant.company_id)
    assert dict(row) == dict(before) | {"name": "", "detail": "", "seconds": 0}
    await erase_late_use(engine, dispatch, clock.now)
    assert await stored("usage_record", tenant.company_id) == [row]


async def test_a_deleted_session_has_an_end_for_good(
    desktop: Desktop, delete: Callable[..., Awaitable[None]], superuser: AsyncEngine, tenant: Tenant
) -> None:
    await delete(desktop.session_id)
    for wrong in ("ended_by = NULL", "ended_by = 'SILENCE'", "ended_at = NULL"):
        statement = text(f"UPDATE work_session SET {wrong} WHERE company_id = :id")
        async with superuser.connect() as connection:
            with pytest.raises(IntegrityError):
                await connection.execute(statement, {"id": tenant.company_id})


async def test_it_is_deleted_once_and_not_ended_after(
    desktop: Desktop,
    tenant: Tenant,
    engine: AsyncEngine,
    delete: Callable[..., Awaitable[None]],
    counted: CountSeconds,
    stored: ReadRows,
) -> None:
    await delete(desktop.session_id)
    [before] = await stored("work_session", tenant.company_id)
    with pytest.raises(NotFound):
        await delete(desktop.session_id)
    with pytest.raises(NotFound):
        await end_session_as_admin(engine, tenant.company_id, int(desktop.session))
    assert await stored("work_session", tenant.company_id) == [before]
    await counted(tenant)


async def test_all_at_once(
    desktop: Desktop,
    tenant: Tenant,
    tracker: NewTracker,
    clock: Clock,
    delete: Callable[..., Awaitable[None]],
    fold: Fold,
    counted: CountSeconds,
    photograph: Callable[[Desktop, str, datetime], Awaitable[str]],
) -> None:
    """Several sessions are deleted, some by two admins, while uploads arrive, are folded, and a session continues."""
    others = [Desktop(tracker(tenant.key), clock.now) for _ in range(4)]
    for other in others:
        assert await other.sign_in(tenant.people[0], tenant.password)
        assert await other.start()
    for number, each in enumerate((desktop, *others)):
        each.tick(600 - number, window=SECRET)  # the same row of one person's desktops would be one
    clock.now += timedelta(minutes=10)
    numbers = [other.session_id for other in others]
    deletions = [delete(number, now=clock.now) for number in (*numbers, *numbers[:2])]
    uploads = [each.upload() for each in (desktop, *others)]
    more = [*(fold(tenant) for _ in range(4)), photograph(desktop, "red", clock.now)]
    outcomes = await asyncio.gather(*deletions, *uploads, *more, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [NotFound] * 2
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 600, "INACTIVE": 0, "sessions": 1}}


async def test_another_companys(
    desktop: Desktop,
    tenant: Tenant,
    engine: AsyncEngine,
    pictures: PictureStore,
    new_tenant: NewTenant,
    stored: ReadRows,
) -> None:
    other = await new_tenant()
    about: dict[str, Any] = {"deleted_by": other.company_id, "encode": company_month_event, "now": datetime.now(UTC)}
    with pytest.raises(NotFound):
        await delete_session(engine, pictures, other.company_id, int(desktop.session), **about)
    [row] = await stored("work_session", tenant.company_id)
    assert row["deleted_at"] is None


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE device_hour SET deleted = '{}'", "deleted of device"),
        ("UPDATE work_session SET deleted_seconds = '{}'", "employee"),
        ("UPDATE employee_day SET active_seconds = 600", "employee"),
        ("UPDATE company_day SET sessions = 1", "company"),
    ],
)
async def test_what_was_changed_by_hand_is_named(
    desktop: Desktop,
    tenant: Tenant,
    clock: Clock,
    delete: Callable[..., Awaitable[None]],
    fold: Fold,
    superuser: AsyncEngine,
    engine: AsyncEngine,
    damage: str,
    named: str,
) -> None:
    await work(desktop, clock, 600)
    assert await uploaded(desktop)
    await fold(tenant)
    await delete(desktop.session_id, now=clock.now)
    async with superuser.begin() as tx:
        await tx.execute(text(f"{damage} WHERE company_id = :id"), {"id": tenant.company_id})
    found = (await reconcile(engine, tenant.company_id, company_month_event)).differences
    assert any(difference.startswith(named) for difference in found), found
