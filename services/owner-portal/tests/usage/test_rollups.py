"""The sums that pages show are those of the days, whatever came in which order, and as of the company's own day."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.dashboard.use_cases import show_rows
from owner_portal.directory.rules import Status
from owner_portal.directory.use_cases import end_periods
from owner_portal.reports import store
from owner_portal.usage.rules import WINDOWS, CompanyDay
from owner_portal.usage.store import company_days
from owner_portal.usage.use_cases.days import apply_usage, begin_days
from servicekit.ids import new_id

TODAY = datetime.now(UTC).date()
MEASURES = {"active": "active_seconds", "sessions": "sessions", "screenshots": "screenshots"}


def version(company_id: UUID, age: int, revision: int) -> CompanyDay:
    """A company's day at a revision; corrections may decrease it."""
    n = random.Random(f"{company_id}{age}{revision}").randrange(0, 50_000)
    day = TODAY - timedelta(days=age)
    return CompanyDay(company_id, day, revision, n, n // 2, 1, n % 9, n % 7, n * 10, n % 5)


def expected(days: Sequence[CompanyDay]) -> dict[str, Any]:
    """The row of one company, added up here."""
    ages = [(max((TODAY - day.day).days, 0), day) for day in days]
    sums: dict[str, Any] = {
        f"{name}_{window}{suffix}": sum(getattr(day, field) for age, day in ages if first <= age < first + window)
        for name, field in MEASURES.items()
        for window in WINDOWS
        for suffix, first in (("", 0), ("_before", window))
    }
    latest = max(days, key=lambda day: day.day)
    minutes = [sum(day.active_seconds for age, day in ages if age == wanted) // 60 for wanted in range(29, -1, -1)]
    levels = {"seats_used": latest.seats_used, "storage_used": latest.storage_bytes}
    return sums | levels | {"as_of": TODAY, "daily_minutes": minutes}


async def rollup(engine: AsyncEngine, company_id: UUID) -> dict[str, Any]:
    async with engine.begin() as tx:
        row = (await tx.execute(text("SELECT * FROM company_usage WHERE company_id = :id"), {"id": company_id})).one()
        return {name: value for name, value in row._asdict().items() if name != "company_id"}


async def platform(engine: AsyncEngine, table: str) -> list[Any]:
    columns = "sum(active_seconds), sum(idle_seconds), sum(sessions), sum(screenshots)"
    active = "count(*) FILTER (WHERE active_seconds > 0)" if table == "company_day" else "sum(companies_active)"
    async with engine.begin() as tx:
        return list(await tx.execute(text(f"SELECT day, {active}, {columns} FROM {table} GROUP BY day ORDER BY day")))


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_and_repetition_give_the_same_sums(engine: AsyncEngine, seed: int) -> None:
    shuffled = random.Random(seed)
    companies = [new_id() for _ in range(4)]
    ages = [-1, 0, 1, 6, 7, 29, 30, 59, 60, 89, 90, 179, 180, 400]
    told = [version(company, age, revision) for company in companies for age in ages for revision in (1, 2, 3)] * 2
    shuffled.shuffle(told)
    while told:
        size = shuffled.randint(1, 40)
        await apply_usage(engine, days=told[:size])
        del told[:size]
    for company in companies:
        assert await rollup(engine, company) == expected([version(company, age, 3) for age in ages])
    assert await platform(engine, "platform_day") == await platform(engine, "company_day")


async def test_what_is_superseded_changes_nothing(engine: AsyncEngine) -> None:
    company = new_id()
    await apply_usage(engine, days=[version(company, age, 5) for age in range(10)])
    before = await rollup(engine, company), await platform(engine, "platform_day")
    for revision in (5, 4, 1):
        assert await apply_usage(engine, days=[version(company, age, revision) for age in range(10)]) == set()
    assert (await rollup(engine, company), await platform(engine, "platform_day")) == before


async def test_two_writers_miss_nothing_of_each_other(engine: AsyncEngine) -> None:
    """Each stores other days of the same companies at the same time, as two processes of the portal do."""
    companies = [new_id() for _ in range(20)]
    await asyncio.gather(
        *(apply_usage(engine, days=[version(company, age, 1) for company in companies]) for age in range(8))
    )
    for company in companies:
        assert await rollup(engine, company) == expected([version(company, age, 1) for age in range(8)])
    assert await platform(engine, "platform_day") == await platform(engine, "company_day")


async def test_sums_move_on_with_the_day(engine: AsyncEngine, model: Any) -> None:
    companies = {zone: await model.company(zone, zone=zone) for zone in ("UTC", "Asia/Tokyo", "America/Lima")}
    for company in companies.values():
        await apply_usage(engine, days=[version(company, age, 1) for age in range(5)])
    async with engine.begin() as tx:
        rows = {row.company_id: row.today for row in await show_rows(engine, ids=companies.values())}
        await tx.execute(text("UPDATE company_usage SET as_of = as_of - 1, active_1 = 7, daily_minutes[30] = 7"))
    while await begin_days(engine):
        pass
    for company in companies.values():
        shown = await rollup(engine, company)
        assert shown["as_of"] == rows[company]
        days = [version(company, age, 1) for age in range(5)]
        assert shown["active_1"] == sum(day.active_seconds for day in days if day.day >= rows[company])
    assert await begin_days(engine) == set()


async def test_a_company_that_moves_to_another_zone_has_that_zones_day(engine: AsyncEngine, model: Any) -> None:
    company = await model.company("Mover")
    await model.day(company, TODAY, minutes=5)
    async with engine.begin() as tx:
        await tx.execute(
            text("UPDATE company SET day_zone = 'Pacific/Kiritimati' WHERE company_id = :id"), {"id": company}
        )
    while await begin_days(engine):
        pass
    row = (await show_rows(engine, ids=[company]))[0]
    assert (await rollup(engine, company))["as_of"] == row.today


async def test_a_period_ends_without_news_from_billing(engine: AsyncEngine, model: Any) -> None:
    company = await model.company("Lapsed")
    await model.subscription(company, Status.TRIAL)
    assert company not in await end_periods(engine)
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE company SET expires_at = now() WHERE company_id = :id"), {"id": company})
    assert company in await end_periods(engine)
    assert (await show_rows(engine, ids=[company]))[0].status is Status.EXPIRED
    assert company not in await end_periods(engine)


async def test_reports(engine: AsyncEngine, model: Any) -> None:
    busy, calm = await model.company("Busy"), await model.company("Calm")
    for age in (0, 8, 40):
        await model.day(busy, TODAY - timedelta(days=age), minutes=10**6, seats_used=30)
    await model.day(calm, TODAY - timedelta(days=40), minutes=5, seats_used=10)
    async with engine.begin() as tx:
        top = (await store.list_top(tx, 7))[0]
        assert (top.name, top.active_seconds, top.active_seconds_before) == ("Busy", 6 * 10**7, 6 * 10**7)
        assert (await store.list_top(tx, 90))[0].active_seconds == 18 * 10**7
        assert "Calm" not in {one.name for one in await store.list_top(tx, 30)}
        days = await company_days.platform_days(tx, days=400)
        assert (len(days), days[-1].day, days[0].day) == (400, TODAY, TODAY - timedelta(days=399))
        assert [day.is_over for day in days[-3:]] in ([True, True, False], [True, False, False])
        growth = await store.list_growth(tx, first=TODAY.replace(day=1), last=TODAY)
        assert [month.month for month in growth] == [TODAY.replace(day=1)]
        counted = (await tx.execute(text("SELECT count(*) FROM company WHERE revision IS NOT NULL"))).scalar_one()
        assert growth[-1].companies == counted
