"""The revenue report of a small platform whose figures can be checked by hand."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.use_cases import OwnerRequest
from billing.limits.rules import ReportedUsage, UsageLevel
from billing.limits.use_cases import store_usage
from billing.revenue.rules.months import MonthRange
from billing.revenue.rules.report import RevenueFigure, RevenueReport
from billing.revenue.use_cases import get_revenue_report, list_revenue_movements
from billing.subscriptions.messages import encode
from billing.subscriptions.rules.movements import MrrMovement
from billing.subscriptions.rules.subscription import SubscriptionState
from billing.subscriptions.use_cases.company_events import start_trial
from billing.subscriptions.use_cases.lifecycle import cancel_subscription, renew_subscription
from billing.subscriptions.use_cases.periods import end_periods
from billing.subscriptions.use_cases.plan_change import ChangeResult, change_plan
from servicekit.ids import new_id

Ask = Callable[..., OwnerRequest]
ReportOf = Callable[[int, int], Awaitable[RevenueReport]]

NOW = datetime(2027, 6, 10, tzinfo=UTC)
NAMES = ("steady", "grows", "leaves", "comes back", "never pays")


def on(month: int, day: int) -> datetime:
    return datetime(2027, month, day, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def companies(engine: AsyncEngine, ask: Ask) -> dict[str, UUID]:
    """All start on 5 January; four convert, the last of them in the first moment of February."""
    companies = {name: new_id() for name in NAMES}

    async def call(use_case: Callable[..., Awaitable[ChangeResult]], name: str, now: datetime, **fields: Any) -> None:
        while await end_periods(engine, encode, now=now):
            pass
        await use_case(engine, encode, request=ask(), company_id=companies[name], now=now, **fields)

    for company in companies.values():
        await start_trial(engine, encode, company_id=company, plan_code="PRO", now=on(1, 5))
    for name in ("steady", "grows", "leaves"):
        await call(renew_subscription, name, on(1, 20))
    await call(renew_subscription, "comes back", on(2, 1))
    await call(change_plan, "grows", on(2, 10), code="ENTERPRISE", version=0, asked=None)
    await call(cancel_subscription, "leaves", on(3, 3), at_once=False)
    await call(cancel_subscription, "comes back", on(3, 4), at_once=True)
    await call(renew_subscription, "comes back", on(5, 2))
    for name, seats in (("steady", 10), ("grows", 60)):
        await store_usage(engine, levels=[ReportedUsage(companies[name], date(2027, 5, 30), 1, UsageLevel(seats))])
    while await end_periods(engine, encode, now=NOW):
        pass
    return companies


@pytest.fixture
def report_of(engine: AsyncEngine, companies: dict[str, UUID]) -> ReportOf:  # noqa: ARG001 - they are what it is about
    """`await report_of(2, 3)`: three months from February on."""

    async def report(month: int, count: int) -> RevenueReport:
        months = MonthRange.checked(year=2027, month=month, count=count, now=NOW)
        return await get_revenue_report(engine, months=months, now=NOW)

    return report


@pytest.mark.parametrize(
    ("month", "start", "moved", "end"),
    [
        (1, 0, {MrrMovement.NEW: 3 * 9900}, 29700),
        (2, 29700, {MrrMovement.NEW: 9900, MrrMovement.EXPANSION: 40000}, 79600),
        (3, 79600, {MrrMovement.CHURN: -2 * 9900}, 59800),
        (4, 59800, {}, 59800),
        (5, 59800, {MrrMovement.REACTIVATION: 9900}, 69700),
    ],
)
async def test_the_bridge_of_each_month(
    report_of: ReportOf, month: int, start: int, moved: dict[MrrMovement, int], end: int
) -> None:
    bridge = (await report_of(month, 1)).bridge
    assert (bridge.start, bridge.end) == (start, end)
    assert {kind: amount for kind, amount in bridge.movements.items() if amount} == moved


async def test_a_range_is_its_months(report_of: ReportOf) -> None:
    report = await report_of(1, 6)
    assert [month.end for month in report.months] == [29700, 79600, 59800, 59800, 69700, 69700]
    assert report.months[-1].until == NOW  # the current month
    assert (report.bridge.start, report.bridge.end, report.annual_run_rate) == (0, 69700, 12 * 69700)


async def test_retention(report_of: ReportOf) -> None:
    february = await report_of(2, 1)
    assert (february.net_retention, february.gross_retention) == (Fraction(69700, 29700), Fraction(1))
    march = await report_of(3, 1)
    assert (march.net_retention, march.gross_retention) == (Fraction(59800, 79600), Fraction(59800, 79600))
    spring = await report_of(3, 3)  # a company that returned within the range is retained
    assert spring.net_retention == Fraction(69700, 79600)
    assert (await report_of(1, 1)).net_retention is None


async def test_trials(report_of: ReportOf) -> None:
    january, february = await report_of(1, 1), await report_of(2, 1)
    assert (january.trials_ended, january.trial_conversion) == (3, Fraction(1))
    assert (february.trials_ended, february.trial_conversion) == (2, Fraction(1, 2))
    assert (await report_of(3, 1)).trial_conversion is None


async def test_the_subscriptions_at_the_end(report_of: ReportOf) -> None:
    january = await report_of(1, 1)
    assert {each.state: each.subscriptions for each in january.groups} == {
        SubscriptionState.TRIAL: 2,
        SubscriptionState.ACTIVE: 3,
    }
    assert january.health == 1  # the conversion at the first moment of February belongs to February
    may = await report_of(5, 1)
    counts = {(each.plan_code, each.state): each.subscriptions for each in may.with_access}
    assert counts == {("PRO", SubscriptionState.ACTIVE): 2, ("ENTERPRISE", SubscriptionState.ACTIVE): 1}
    assert may.health == Fraction(3, 5)
    assert may.average_seats == Fraction(50 + 50 + 999, 3)
    assert may.average_seats_in_use == 35
    assert (await report_of(4, 1)).average_seats_in_use is None


async def test_the_rows_behind_it(engine: AsyncEngine, companies: dict[str, UUID]) -> None:
    async def behind(figure: RevenueFigure, month: int) -> list[tuple[str, int]]:
        months = MonthRange.checked(year=2027, month=month, count=1, now=NOW)
        rows = await list_revenue_movements(engine, months=months, figure=figure, after_revision=0, limit=100, now=NOW)
        names = {company: name for name, company in companies.items()}
        return [(names[row.record.company_id], row.revenue_change) for row in rows]

    assert await behind(RevenueFigure.CHURN, 3) == [("leaves", -9900), ("comes back", -9900)]
    assert await behind(RevenueFigure.RETENTION, 2) == [("grows", 40000)]
    assert await behind(RevenueFigure.START, 2) == [("steady", 9900), ("grows", 9900), ("leaves", 9900)]
    assert await behind(RevenueFigure.TRIALS_CONVERTED, 2) == [("comes back", 9900)]
    assert len(await behind(RevenueFigure.STANDING, 5)) == 5
