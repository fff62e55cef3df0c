"""Signs of life on PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import InvalidInput
from servicekit.ids import new_id
from tenancy.companies.rules.company import Company
from tenancy.companies.use_cases import find_company
from tenancy.sync import store as syncs
from tenancy.sync.rules import SyncTime
from tenancy.sync.use_cases import list_sync_times, report_sync

Create = Callable[[str], Awaitable[tuple[Company, str]]]

HOUR = timedelta(hours=1)


async def get_company(engine: AsyncEngine, *, company_id: UUID) -> Company:
    async with engine.begin() as tx:
        return await find_company(tx, company_id)


async def test_a_sign_of_life_is_no_change_of_the_company(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Living")
    at = datetime.now(UTC)
    await report_sync(engine, times=[SyncTime(company.id, at)])
    found = await get_company(engine, company_id=company.id)
    assert (found.last_sync_at, found.revision) == (at, company.revision)


async def test_an_older_time_changes_nothing_and_is_not_listed_again(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Ageing")
    at = datetime.now(UTC)
    await report_sync(engine, times=[SyncTime(company.id, at)])
    updated = text("SELECT updated_at FROM company_sync WHERE company_id = :id")
    async with engine.begin() as tx:
        before = (await tx.execute(updated, {"id": company.id})).scalar_one()
    await report_sync(engine, times=[SyncTime(company.id, at - HOUR), SyncTime(company.id, at)])
    async with engine.begin() as tx:
        assert (await tx.execute(updated, {"id": company.id})).scalar_one() == before
    assert (await get_company(engine, company_id=company.id)).last_sync_at == at


async def test_unknown_companies_and_empty_reports_are_passed_over(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Known")
    at = datetime.now(UTC)
    await report_sync(engine, times=[SyncTime(new_id(), at), SyncTime(company.id, at), SyncTime(new_id(), at)])
    assert (await get_company(engine, company_id=company.id)).last_sync_at == at
    await report_sync(engine, times=[])


async def test_the_future_becomes_now(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Hasty")
    before = datetime.now(UTC)
    await report_sync(engine, times=[SyncTime(company.id, before + HOUR)])
    at = (await get_company(engine, company_id=company.id)).last_sync_at
    assert at is not None
    assert before <= at <= datetime.now(UTC)


async def test_too_many_times_are_refused(engine: AsyncEngine) -> None:
    with pytest.raises(InvalidInput, match="report at most 10000 at once"):
        await report_sync(engine, times=[SyncTime(new_id(), datetime.now(UTC))] * 10_001)


async def waiting(engine: AsyncEngine) -> int:
    """How many sessions wait for a lock."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with engine.begin() as tx:
        return int((await tx.execute(text(statement))).scalar_one())


async def test_reports_of_the_same_companies_wait_for_each_other(engine: AsyncEngine, create: Create) -> None:
    companies = [(await create(f"Crowd {number}"))[0] for number in range(3)]
    now = datetime.now(UTC)
    hold = text("SELECT 1 FROM company_sync WHERE company_id = :id FOR UPDATE")

    def times(ordered: list[Company], at: datetime) -> list[SyncTime]:
        return [SyncTime(company.id, at) for company in ordered]

    await report_sync(engine, times=times(companies, now - 2 * HOUR))
    # Both reports meet the row in the middle; whoever took the rows from the other end first would be in the way.
    async with asyncio.TaskGroup() as group, engine.begin() as tx:
        await tx.execute(hold, {"id": companies[1].id})
        group.create_task(report_sync(engine, times=times(companies, now - HOUR)))
        group.create_task(report_sync(engine, times=times(companies[::-1], now)))
        while await waiting(engine) < 2:
            pass
    assert {(await get_company(engine, company_id=company.id)).last_sync_at for company in companies} == {now}


async def test_a_commit_that_overlaps_an_answer_comes_with_the_next_one(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Overlapping")
    at = datetime.now(UTC)
    async with engine.begin() as tx:
        await syncs.advance(tx, {company.id: at})
        listed, as_of = await list_sync_times(engine, since=None)
        assert company.id not in {time.company_id for time in listed}
    listed, later = await list_sync_times(engine, since=as_of)
    assert SyncTime(company.id, at) in listed
    assert later > as_of


async def test_a_write_that_outlasts_the_overlap_is_ended(
    engine: AsyncEngine, create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncs, "LONGEST_WRITE", timedelta(milliseconds=50))
    company, _ = await create("Stuck")

    async def write_slowly() -> None:
        async with engine.begin() as tx:
            await syncs.advance(tx, {company.id: datetime.now(UTC)})
            await tx.execute(text("SELECT pg_sleep(10)"))

    with pytest.raises(DBAPIError, match="transaction timeout"):
        await write_slowly()
    assert (await get_company(engine, company_id=company.id)).last_sync_at is None


async def test_what_was_recorded_before_is_not_listed(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Quiet")
    await report_sync(engine, times=[SyncTime(company.id, datetime.now(UTC))])
    listed, _ = await list_sync_times(engine, since=datetime.now(UTC) + HOUR)
    assert listed == []
