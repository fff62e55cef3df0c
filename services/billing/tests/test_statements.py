"""A list over 10,000 subscriptions takes at most three statements."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.invoices.use_cases import list_invoice_lines
from billing.money.rules import Money
from billing.payments.use_cases import list_payments
from billing.plan_versions.use_cases import preview_plan_version
from billing.plans.rules import Plan
from billing.plans.use_cases import list_plans
from billing.revenue.rules.months import MonthRange
from billing.revenue.rules.report import RevenueFigure
from billing.revenue.use_cases import get_revenue_report, list_revenue_movements
from billing.subscriptions.use_cases.queries import (
    get_subscription,
    list_subscription_changes,
    list_subscription_history,
)
from billing.subscriptions.use_cases.scheduled_changes import list_scheduled_changes
from servicekit.ids import new_id

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
COMPANIES = 10_000
MONTHS = MonthRange.checked(year=2026, month=11, count=1, now=NOW)
DEARER = Plan("PRO", 0, "Pro", Money(10900, "USD"), 50, 100 * 10**9, 30)

PAYING_STATES = text("""
    INSERT INTO subscription
        (company_id, revision, kind, plan_code, plan_version, state, started_at, expires_at, charged_until,
         charged_since, charge_accrued, billing_day, has_paid, monthly_revenue, revenue_change, movement, actor, reason,
         changed_at)
    SELECT ids.id, n, 'TRIAL_CONVERTED', 'PRO', 1, 'ACTIVE', :start, :end, :end, :start,
           0, 20, false, 9900, 9900, 'NEW', 'tests', '', :start
    FROM unnest(CAST(:companies AS uuid[])) WITH ORDINALITY AS ids (id, n)
""")
LINES = text("""
    INSERT INTO invoice_line
    SELECT gen_random_uuid(), company_id, revision, 'CHARGE', 9900, 'PRO', 1, :start, :end, :start FROM subscription
""")
PAYMENTS = text("""
    INSERT INTO payment
    SELECT gen_random_uuid(), company_id, 9900, 'USD', 'manual', '', :start, :start, 'tests', '' FROM subscription
""")
SCHEDULED = text("""
    INSERT INTO scheduled_change (id, company_id, plan_code, plan_version, actor, reason, created_at)
    SELECT gen_random_uuid(), company_id, 'FREE', 1, 'tests', '', :start FROM subscription
""")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def companies(engine: AsyncEngine) -> AsyncIterator[list[UUID]]:
    """10,000 paying companies, each with a line, a payment and a scheduled change."""
    companies = [new_id() for _ in range(COMPANIES)]
    times = {"start": NOW - timedelta(days=3), "end": NOW + timedelta(days=27)}
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE clock SET revision = :newest"), {"newest": COMPANIES})
        await tx.execute(PAYING_STATES, times | {"companies": companies})
        for statement in (LINES, PAYMENTS, SCHEDULED):
            await tx.execute(
                statement, {name: times[name] for name in ("start", "end") if f":{name}" in str(statement)}
            )
    yield companies


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """The statements executed within the block."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def movements(figure: RevenueFigure, engine: AsyncEngine, _companies: list[UUID]) -> Sequence[object]:
    return await list_revenue_movements(engine, months=MONTHS, figure=figure, after_revision=0, limit=1000, now=NOW)


LISTS: dict[str, Callable[[AsyncEngine, list[UUID]], Awaitable[Sequence[object]]]] = {
    "subscription changes": lambda engine, _: list_subscription_changes(engine, after_revision=0, limit=1000),
    "invoice lines": lambda engine, _: list_invoice_lines(engine, company_id=None, before=None, limit=1000),
    "payments": lambda engine, _: list_payments(engine, company_id=None, before=None, limit=1000),
    "scheduled changes": lambda engine, _: list_scheduled_changes(
        engine, company_id=None, settled_too=False, after=None, limit=1000
    ),
    **{
        f"rows behind {figure}": partial(movements, figure)
        for figure in (RevenueFigure.NEW, RevenueFigure.END, RevenueFigure.TRIALS_CONVERTED, RevenueFigure.STANDING)
    },
}


@pytest.mark.parametrize("name", LISTS)
async def test_a_full_page_takes_three_statements_at_most(
    engine: AsyncEngine, companies: list[UUID], name: str
) -> None:
    with counted(engine) as statements:
        rows = await LISTS[name](engine, companies)
    assert len(rows) == 1000
    assert 1 <= len(statements) <= 3


async def test_the_others_too(engine: AsyncEngine, companies: list[UUID]) -> None:
    with counted(engine) as statements:
        assert await list_plans(engine, all_versions=True)
    assert len(statements) == 1
    with counted(engine) as statements:
        assert await list_subscription_history(engine, company_id=companies[0], before_revision=0, limit=1000)
    assert len(statements) == 1
    with counted(engine) as statements:
        assert (await get_subscription(engine, company_id=companies[0], now=NOW)).balance.minor_units == 0
    assert len(statements) == 4
    with counted(engine) as statements:
        preview = await preview_plan_version(engine, terms=DEARER, now=NOW, after=None, limit=1000)
    assert (len(preview.effects), len(preview.page), len(statements)) == (COMPANIES, 1000, 3)


async def test_a_report_takes_five_however_long_the_range(engine: AsyncEngine, companies: list[UUID]) -> None:
    for count in (1, 12):
        months = replace(MONTHS, start=datetime(2025, 12, 1, tzinfo=UTC), count=count)
        with counted(engine) as statements:
            report = await get_revenue_report(engine, months=months, now=NOW)
        assert len(report.months) == count
        assert len(statements) == 5
    assert report.bridge.end == 9900 * len(companies)
