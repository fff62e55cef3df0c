"""What revenue is compared with comes from billing's own history."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.dashboard.use_cases import Dashboards
from owner_portal.reports import use_cases
from owner_portal.reports.client import RevenueClient
from owner_portal.reports.rules.revenue import Bridge, Figure, Movement, RevenueReport
from owner_portal.reports.worker import RevenueFeed
from servicekit.errors import Unavailable
from servicekit.ids import new_id
from testkit.waiting import eventually

NOW = datetime.now(UTC)


def movement(revision: int, amount: int, age: timedelta) -> Movement:
    return Movement(new_id(), revision, NOW - age, "RENEWED", "PRO", amount, "USD", "", "")


async def test_is_the_start_of_the_month_and_what_moved_until_then(
    engine: AsyncEngine, model: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(use_cases, "PAGE", 2)
    day = timedelta(days=1)
    rows = {
        Figure.NEW: [movement(1, 1_000, 40 * day), movement(2, 500, 31 * day), movement(3, 7, 29 * day)],
        Figure.CHURN: [movement(4, -300, 31 * day)],
    }

    async def report(month: date, months: int) -> RevenueReport:
        assert (month, months) == ((NOW - 30 * day).date().replace(day=1), 1)
        bridge = Bridge(NOW, NOW, 10_000, 0, 0, 0, 0, 0, 0)
        return RevenueReport("USD", bridge, [bridge], 0, None, None, 0, 0, None, [], None, None, None)

    async def movements(_month: date, figure: Figure, after: int) -> Sequence[Movement]:
        return [row for row in rows.get(figure, []) if row.revision > after][:2]

    company = await model.company("Payer")
    await model.subscription(company)
    await use_cases.keep_earlier_revenue(engine, report=report, movements=movements)
    revenue = (await Dashboards(engine, max_age=0).summary()).overview.revenue
    assert (revenue.now, revenue.before) == (9_900, 10_000 + 1_000 + 500 - 300)
    assert round(revenue.change or 0, 1) == -11.6


@pytest.mark.usefixtures("services")
async def test_billing_knows(engine: AsyncEngine, portal: Any) -> None:
    """Of a platform that began today there was nothing 30 days ago."""
    feed = RevenueFeed(engine, portal.get(RevenueClient))

    async def answered() -> bool:
        try:
            await feed.step()
        except Unavailable:  # it is still starting
            return False
        return True

    await eventually(answered)
    assert (await Dashboards(engine, max_age=0).summary()).overview.revenue.before == 0
