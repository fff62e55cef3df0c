"""The feed's messages of a company's days, and the rebuild of the feed from the tables."""

import asyncio
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import nats
import pytest
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tracking.v1.usage_pb2 import CompanyMonth
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows
from tenantry_ops.programs import command
from testkit.world import World, run_command
from tracking.checking.use_cases.import_history import ImportedSpan, import_history
from tracking.company.store import companies
from tracking.db.store.scope import company_scope
from tracking.publishing.messages import company_month_event
from tracking.publishing.use_cases import rebuild_feed
from tracking.totals.rules.timeline import ActivityKind
from tracking.totals.use_cases import fold_company

JANUARY, FEBRUARY = [date(2026, 1, 30), date(2026, 1, 31)], [date(2026, 2, 1), date(2026, 2, 28)]
NEW_YEARS_EVE = date(2025, 12, 31)


@pytest.fixture
async def company(new_tenant: NewTenant, engine: AsyncEngine, stored: ReadRows) -> UUID:
    """A company whose two people worked an hour on each of five days of three months."""
    tenant = await new_tenant(people=2)
    for row in await stored("employee", tenant.company_id):
        if row["role"] == "EMPLOYEE":
            hour = [ImportedSpan(30_000, 3000, ActivityKind.ACTIVE), ImportedSpan(33_000, 600, ActivityKind.IDLE)]
            days = dict.fromkeys([NEW_YEARS_EVE, *JANUARY, *FEBRUARY], hour)
            await import_history(engine, tenant.company_id, row["employee_id"], time_zone="UTC", days=days)
    while await fold_company(engine, tenant.company_id, company_month_event):
        pass
    return tenant.company_id


async def test_a_months_message_holds_its_days_as_they_are_kept(
    company: UUID,
    publish: Callable[..., Awaitable[None]],
    there: Callable[[UUID], Awaitable[dict[str, Any]]],
    stored: ReadRows,
) -> None:
    await publish()
    months = await there(company)
    this_month = f"usage.v1.{company}.{datetime.now(UTC):%Y%m}"
    expected = {f"usage.v1.{company}.{month}" for month in ("202512", "202601", "202602")}
    assert set(months) == expected | {this_month}  # the levels of today
    kept = {row["day"]: row for row in await stored("company_day", company)}
    for subject, month in months.items():
        assert month.company_id == str(company)
        assert subject.endswith(f"{month.year}{month.month:02}")
        assert month.revision == max(day.revision for day in month.days)
        for day in month.days:
            row = kept.pop(date(month.year, month.month, day.day))
            assert all(getattr(day, name) == value for name, value in row.items() if name not in ("company_id", "day"))
    assert not kept
    day = months[f"usage.v1.{company}.202601"].days[0]
    assert (day.active_seconds, day.idle_seconds, day.employees_active, day.sessions) == (6000, 1200, 2, 2)
    assert (day.seats_used, day.storage_bytes) == (3, 0)


async def test_it_travels_as_a_cloud_event(
    company: UUID, publish: Callable[..., Awaitable[None]], stream: JetStreamContext
) -> None:
    await publish()
    message = await stream.get_last_msg("USAGE", f"usage.v1.{company}.202601")
    headers = message.headers or {}
    assert headers["ce-type"] == "tenantry.usage.v1.company_month"
    assert headers["ce-source"] == "/tenantry/tracking"
    assert datetime.fromisoformat(headers["ce-time"]) <= datetime.now(UTC)
    assert int(headers["tenantry-revision"]) == CompanyMonth.FromString(message.data or b"").revision


async def test_a_late_row_gives_the_day_it_changes_a_new_revision(
    company: UUID,
    publish: Callable[..., Awaitable[None]],
    there: Callable[[UUID], Awaitable[dict[str, Any]]],
    engine: AsyncEngine,
    stored: ReadRows,
) -> None:
    await publish()
    before = (await there(company))[f"usage.v1.{company}.202601"]
    admin = next(row for row in await stored("employee", company) if row["role"] == "ADMIN")
    days = {JANUARY[1]: [ImportedSpan(0, 60, ActivityKind.ACTIVE)]}
    await import_history(engine, company, admin["employee_id"], time_zone="UTC", days=days)
    await fold_company(engine, company, company_month_event)
    await publish()
    after = (await there(company))[f"usage.v1.{company}.202601"]
    assert before.days[0] == after.days[0]
    assert after.days[1].revision > before.days[1].revision
    assert after.days[1].active_seconds == before.days[1].active_seconds + 60
    assert after.days[1].employees_active == 3


async def test_the_stream_can_be_made_again(
    company: UUID,
    publish: Callable[..., Awaitable[None]],
    there: Callable[[UUID], Awaitable[dict[str, Any]]],
    stream: JetStreamContext,
    environment: dict[str, str],
) -> None:
    await publish()
    before = await there(company)
    await stream.purge_stream("USAGE")
    output = await asyncio.to_thread(run_command, "tracking", "rebuild-feed", environment=environment)
    assert "months wait in the outbox" in output
    await publish()
    assert await there(company) == before
    assert len(before) == 4


async def test_rebuilding_a_stream_that_is_whole_changes_nothing(
    company: UUID, publish: Callable[..., Awaitable[None]], stream: JetStreamContext, engine: AsyncEngine
) -> None:
    await publish()
    before = (await stream.stream_info("USAGE")).state.last_seq
    assert await rebuild_feed(engine, company, company_month_event) == 4
    await publish()
    assert (await stream.stream_info("USAGE")).state.last_seq == before


async def test_rebuilding_waits_for_a_fold_that_is_under_way(company: UUID, engine: AsyncEngine) -> None:
    async with company_scope(engine, company) as tx:
        await companies.next_revision(tx)
        rebuilding = asyncio.create_task(rebuild_feed(engine, company, company_month_event))
        done, _ = await asyncio.wait([rebuilding], timeout=0.3)
        assert not done, "it would announce what the fold is replacing"
    assert await rebuilding == 4


@pytest.fixture
async def aggregator(environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command("tracking", "aggregator"), env=environment, stdout=DEVNULL, stderr=DEVNULL
    )
    yield process
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_the_aggregator_does_all_that_by_itself(
    new_tenant: NewTenant, world: World, engine: AsyncEngine, stored: ReadRows, aggregator: asyncio.subprocess.Process
) -> None:
    operator = await nats.connect(world.platform.nats_url("operator"), inbox_prefix=b"_INBOX_operator")
    heard = await operator.subscribe("usage.v1.>")
    await operator.flush()
    assert aggregator.returncode is None
    tenant = await new_tenant(people=0)
    (admin,) = await stored("employee", tenant.company_id)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    worked = {yesterday: [ImportedSpan(0, 60, ActivityKind.ACTIVE)]}
    await import_history(engine, tenant.company_id, admin["employee_id"], time_zone="UTC", days=worked)
    async with asyncio.timeout(30):
        async for message in heard.messages:
            month = CompanyMonth.FromString(message.data)
            if UUID(month.company_id) == tenant.company_id and any(day.active_seconds == 60 for day in month.days):
                break
    await operator.close()
