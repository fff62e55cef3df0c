"""Reconciliation finds no difference in correct data, and names every manual change."""

import asyncio
import subprocess
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.gateway import Clock, Fold, NewTracker
from services.tracking.tests.fixtures.platform import NewKey, NewTenant, ReadRows, Tenant
from tenantry_ops.programs import command
from testkit.world import run_command
from tracker_client import Desktop
from tracking.checking.use_cases.reconcile import reconcile
from tracking.checking.use_cases.recount import recount
from tracking.publishing.messages import company_month_event


@pytest.fixture
async def tenant(new_tenant: NewTenant, tracker: NewTracker, clock: Clock, fold: Fold) -> Tenant:
    """A company whose two people have worked on two days, half an hour a day each."""
    tenant = await new_tenant(people=2)
    for email in tenant.people:
        desktop = Desktop(tracker(tenant.key), clock.now)
        assert await desktop.sign_in(email, tenant.password)
        for _day in range(2):
            assert await desktop.start()
            desktop.tick(1200)
            desktop.tick(600, "INACTIVE")
            clock.now += timedelta(minutes=30)
            await desktop.upload()
            assert await desktop.stop()
            clock.now += timedelta(days=1)
            desktop.now = clock.now
        clock.now -= timedelta(days=2)
    await fold(tenant)
    return tenant


async def test_nothing_differs(engine: AsyncEngine, tenant: Tenant) -> None:
    found = await reconcile(engine, tenant.company_id, company_month_event)
    assert (found.employee_days, found.differences) == (4, [])


async def test_a_company_that_nobody_has_set_up(engine: AsyncEngine, new_key: NewKey) -> None:
    company_id, _key = await new_key()
    assert (await reconcile(engine, company_id, company_month_event)).differences == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE employee_day SET active_seconds = active_seconds + 1", ["employee"] * 4),
        ("UPDATE employee_day SET sessions = 0", ["employee"] * 4),
        ("DELETE FROM employee_day", ["employee"] * 4),
        ("UPDATE company_day SET idle_seconds = idle_seconds + 1", ["company"]),
        ("UPDATE company_day SET employees_active = 9", ["company"]),
        ("DELETE FROM company_day", ["company"]),
        ("DELETE FROM activity WHERE kind = 'A'", ["employee", "company", "device"]),
        ("DELETE FROM activity", ["employee", "company", "device"]),
        ("DELETE FROM device_hour", ["device"] * 2),
        ("UPDATE device_hour SET idle = '{}'", ["device"]),
        ("UPDATE device_hour SET active = idle, idle = active", ["device"]),
        ("DELETE FROM work_session", ["employee", "company"]),
    ],
)
async def test_what_was_changed_by_hand_is_named(
    engine: AsyncEngine, superuser: AsyncEngine, tenant: Tenant, damage: str, named: list[str]
) -> None:
    condition = " AND " if "WHERE" in damage else " WHERE "
    async with superuser.begin() as tx:
        await tx.execute(text(f"{damage}{condition}company_id = :id"), {"id": tenant.company_id})
    found = await reconcile(engine, tenant.company_id, company_month_event)
    assert {difference.split()[0] for difference in found.differences} == set(named)
    assert all("kept" in difference and "raw rows say" in difference for difference in found.differences)
    assert len(found.differences) >= len(named)


@pytest.mark.parametrize(
    ("damage", "days"),
    [
        ("UPDATE employee_day SET active_seconds = active_seconds + 1", 0),
        ("DELETE FROM employee_day", 0),
        ("UPDATE company_day SET idle_seconds = idle_seconds + 1, employees_active = 9 WHERE sessions > 0", 2),
        ("DELETE FROM company_day", 2),
        ("UPDATE company_day SET day = day - 40 WHERE sessions > 0", 4),
        ("UPDATE company SET time_zone = time_zone", 0),
    ],
)
async def test_days_are_added_up_anew(
    engine: AsyncEngine, superuser: AsyncEngine, tenant: Tenant, stored: ReadRows, damage: str, days: int
) -> None:
    before = await stored("employee_day", tenant.company_id)
    condition = " AND " if "WHERE" in damage else " WHERE "
    async with superuser.begin() as tx:
        await tx.execute(text(f"{damage}{condition}company_id = :id"), {"id": tenant.company_id})
    assert await recount(engine, tenant.company_id, company_month_event) == days
    assert (await reconcile(engine, tenant.company_id, company_month_event)).differences == []
    assert sorted(await stored("employee_day", tenant.company_id), key=str) == sorted(before, key=str)
    assert await recount(engine, tenant.company_id, company_month_event) == 0


async def test_the_command_adds_up_every_companys(
    superuser: AsyncEngine, engine: AsyncEngine, tenant: Tenant, environment: dict[str, str]
) -> None:
    damage = text("UPDATE company_day SET active_seconds = active_seconds + 7 WHERE company_id = :id AND sessions > 0")
    async with superuser.begin() as tx:
        await tx.execute(damage, {"id": tenant.company_id})
    result = await asyncio.to_thread(run_command, "tracking", "recount", environment=environment)
    assert f"{tenant.company_id}: 2 days corrected" in result
    assert (await reconcile(engine, tenant.company_id, company_month_event)).differences == []


async def test_the_command_says_so_and_fails(
    superuser: AsyncEngine, tenant: Tenant, environment: dict[str, str]
) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        arguments = command("tracking", "reconcile")
        return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)

    undo = text("UPDATE company_day SET sessions = sessions - 1 WHERE company_id = :id AND sessions > 0")
    damage = text("UPDATE company_day SET sessions = sessions + 1 WHERE company_id = :id AND sessions > 0")
    async with superuser.begin() as tx:
        await tx.execute(damage, {"id": tenant.company_id})
    result = run()
    assert result.returncode == 1, result.stderr
    assert f"{tenant.company_id}: company on" in result.stdout
    async with superuser.begin() as tx:
        await tx.execute(undo, {"id": tenant.company_id})
