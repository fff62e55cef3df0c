"""Random actions on several companies in PostgreSQL, after which records, invoice lines and reports must agree.

The expected figures are computed here from the listed records, in Python; the reports compute them in SQL.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypedDict
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.use_cases import OwnerRequest
from billing.invoices.use_cases import list_invoice_lines
from billing.revenue.rules.months import MonthRange
from billing.revenue.rules.report import FigureRow, RevenueFigure
from billing.revenue.use_cases import get_revenue_report, list_revenue_movements
from billing.subscriptions.messages import encode
from billing.subscriptions.rules.changes import TRIAL_END_KINDS, ChangeKind, SubscriptionRecord
from billing.subscriptions.rules.dates import next_anniversary
from billing.subscriptions.rules.movements import MrrMovement
from billing.subscriptions.rules.plan_change import ChangeTiming
from billing.subscriptions.store import history as subscriptions
from billing.subscriptions.use_cases.company_events import start_trial
from billing.subscriptions.use_cases.lifecycle import (
    cancel_subscription,
    extend_subscription,
    mark_past_due,
    renew_subscription,
)
from billing.subscriptions.use_cases.periods import end_periods
from billing.subscriptions.use_cases.plan_change import change_plan
from billing.subscriptions.use_cases.queries import list_subscription_history
from servicekit.database import create_engine
from servicekit.errors import Refused
from servicekit.ids import new_id

Ask = Callable[..., OwnerRequest]
Histories = dict[UUID, list[SubscriptionRecord]]

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
PAUSES = [timedelta(0), timedelta(hours=7), timedelta(days=3), timedelta(days=16), timedelta(days=45)]
ORDERS = ["start", "renew", "renew", "change", "change at end", "extend", "cancel", "cancel now", "miss", "worker"]
CODES = ["FREE", "PRO", "ENTERPRISE"]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop for the steps of hypothesis, which leaves the loop of the other tests in place."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        yield runner


class Common(TypedDict):
    """The arguments that every change has."""

    request: OwnerRequest
    company_id: UUID
    now: datetime


class Platform:
    """Companies, and a clock that advances from example to example."""

    def __init__(self, engine: AsyncEngine, ask: Ask) -> None:
        self.engine = engine
        self.ask = ask
        self.now = START
        self.companies: list[UUID] = []

    async def order(self, name: str, number: int, pause: timedelta) -> None:
        self.now += pause
        if name == "start" or not self.companies:
            self.companies.append(new_id())
            company, code = self.companies[-1], CODES[number % 3]
            await start_trial(self.engine, encode, company_id=company, plan_code=code, now=self.now)
        elif name == "worker":
            while await end_periods(self.engine, encode, now=self.now, limit=3):
                pass
        else:
            with suppress(Refused):
                await self._call(name, number)

    async def _call(self, name: str, number: int) -> None:
        company = self.companies[-1 - number % min(len(self.companies), 4)]
        common: Common = {"request": self.ask(), "company_id": company, "now": self.now}
        match name:
            case "renew":
                await renew_subscription(self.engine, encode, **common)
            case "change" | "change at end":
                asked = ChangeTiming.PERIOD_END if name == "change at end" else None
                await change_plan(self.engine, encode, code=CODES[number % 3], version=0, asked=asked, **common)
            case "extend":
                await extend_subscription(self.engine, encode, days=number % 30 + 1, **common)
            case "cancel" | "cancel now":
                await cancel_subscription(self.engine, encode, at_once=name == "cancel now", **common)
            case "miss":
                await mark_past_due(self.engine, encode, **common)

    async def histories(self) -> Histories:
        """All records of all companies, oldest first."""
        found = {}
        for company in self.companies:
            rows = await list_subscription_history(self.engine, company_id=company, before_revision=0, limit=1000)
            found[company] = rows[::-1]
        return found


def test_random_orders(environment: dict[str, str], ask: Ask, runner: asyncio.Runner) -> None:
    engine = create_engine(environment["BILLING_DATABASE_URL"], name="billing-tests-histories")
    platform = Platform(engine, ask)

    class Orders(RuleBasedStateMachine):
        @rule(
            orders=st.lists(st.tuples(st.sampled_from(ORDERS), st.integers(0, 99), st.sampled_from(PAUSES)), max_size=9)
        )
        def give(self, orders: list[tuple[str, int, timedelta]]) -> None:
            for name, number, pause in orders:
                runner.run(platform.order(name, number, pause))

    checks = settings(max_examples=25, stateful_step_count=3, deadline=None, database=None)
    run_state_machine_as_test(Orders, settings=checks)
    runner.run(check(platform))
    runner.run(engine.dispose())


async def check(platform: Platform) -> None:
    await platform.order("worker", 0, timedelta(days=1))
    histories = await platform.histories()
    for company, rows in histories.items():
        check_rows(rows)
        await check_past(platform, company, rows)
    await check_lines(platform, histories)
    months = 0
    since = JANUARY
    while since <= platform.now and months < 24:
        await check_report(platform, histories, since, 1 + months % 3)
        since, months = next_anniversary(since, 1), months + 1
    assert months > 6
    assert len({row.kind for rows in histories.values() for row in rows}) > 8


def check_rows(rows: list[SubscriptionRecord]) -> None:
    """Each record is valid until the next one."""
    assert [row.superseded_at for row in rows] == [*(row.at for row in rows[1:]), None]
    assert all(before.revision < after.revision and before.at <= after.at for before, after in pairwise(rows))


async def check_past(platform: Platform, company: UUID, rows: list[SubscriptionRecord]) -> None:
    """The record of a date is the last one that began by then."""
    async with platform.engine.begin() as tx:
        for row in rows:
            held = [each for each in rows if each.at <= row.at][-1]
            assert await subscriptions.at(tx, company, row.at) == held


async def check_lines(platform: Platform, histories: Histories) -> None:
    """Each line belongs to a record; an uninterrupted month costs its price."""
    for company, rows in histories.items():
        lines = await list_invoice_lines(platform.engine, company_id=company, before=None, limit=1000)
        assert {line.revision for line in lines} <= {row.revision for row in rows}
        for row in rows:
            if row.kind in {ChangeKind.RENEWED, ChangeKind.TRIAL_CONVERTED}:
                price = row.subscription.plan.price_per_month.minor_units
                assert sum(line.line.minor_units for line in lines if line.revision == row.revision) == price


def held_before(rows: list[SubscriptionRecord], moment: datetime) -> SubscriptionRecord | None:
    return next((row for row in reversed(rows) if row.at < moment), None)


def revenue_before(rows: list[SubscriptionRecord], moment: datetime) -> int:
    row = held_before(rows, moment)
    return row.subscription.monthly_revenue if row else 0


async def check_report(platform: Platform, histories: Histories, since: datetime, count: int) -> None:
    months = MonthRange.checked(year=since.year, month=since.month, count=count, now=platform.now)
    until = months.until(platform.now)
    report = await get_revenue_report(platform.engine, months=months, now=platform.now)
    at_start = {company: revenue_before(rows, since) for company, rows in histories.items()}
    at_end = {company: revenue_before(rows, until) for company, rows in histories.items()}
    assert (report.bridge.start, report.bridge.end) == (sum(at_start.values()), sum(at_end.values()))
    for before, after in pairwise(report.months):
        assert (before.end, before.until) == (after.start, after.since)
    paying = [company for company, paid in at_start.items() if paid]
    assert report.cohort.start == sum(at_start[company] for company in paying)
    assert report.cohort.end == sum(at_end[company] for company in paying)
    assert report.cohort.kept == sum(min(at_start[company], at_end[company]) for company in paying)
    ended = [
        row.kind
        for rows in histories.values()
        for row in rows
        if row.kind in TRIAL_END_KINDS and since <= row.at < until
    ]
    assert (report.trials_ended, report.trials_converted) == (len(ended), ended.count(ChangeKind.TRIAL_CONVERTED))
    held = [row for rows in histories.values() if (row := held_before(rows, until))]
    assert sum(each.subscriptions for each in report.groups) == len(held)
    assert sum(each.monthly_revenue for each in report.groups) == report.bridge.end
    expected = {RevenueFigure(kind): report.bridge.movements[kind] for kind in MrrMovement}
    expected[RevenueFigure.START], expected[RevenueFigure.END] = report.bridge.start, report.bridge.end
    expected[RevenueFigure.RETENTION] = report.cohort.end - report.cohort.start
    for figure, amount in expected.items():
        assert sum(await rows_behind(platform, months, figure)) == amount
    assert len(await rows_behind(platform, months, RevenueFigure.STANDING)) == len(held)
    assert len(await rows_behind(platform, months, RevenueFigure.TRIALS_ENDED)) == report.trials_ended
    assert len(await rows_behind(platform, months, RevenueFigure.TRIALS_CONVERTED)) == report.trials_converted


async def rows_behind(platform: Platform, months: MonthRange, figure: RevenueFigure) -> list[int]:
    """The change of MRR of each row behind a figure, read page by page."""
    listed: list[FigureRow] = []
    while page := await list_revenue_movements(
        platform.engine,
        months=months,
        figure=figure,
        after_revision=listed[-1].record.revision if listed else 0,
        limit=7,
        now=platform.now,
    ):
        listed += page
    return [row.revenue_change for row in listed]
