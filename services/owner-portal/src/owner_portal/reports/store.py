"""The data of the reports, aggregated by the database: one statement each for any number of companies."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.directory.rules import Status
from owner_portal.directory.store.companies import IS_UNSYNCED
from owner_portal.reports.rules.reports import DAYS, TOP, MonthGrowth, StatusTotals, TopCompany

_STATUS_TOTALS = text(f"""
    SELECT status, plan_code, count(*) AS companies,
           count(*) FILTER (WHERE {IS_UNSYNCED}) AS unsynced,
           coalesce(sum(monthly_revenue_minor_units), 0)::bigint AS monthly_revenue,
           coalesce(max(currency), '') AS currency,
           count(*) FILTER (WHERE seats_used > 0) AS reporting,
           coalesce(sum(seats_used), 0)::bigint AS seats_used
    FROM directory GROUP BY status, plan_code
""")

_TOP: Mapping[int, TextClause] = {
    days: text(f"""
        SELECT c.company_id, c.name, c.plan_code, u.active_{days} AS active_seconds,
               u.active_{days}_before AS active_seconds_before, u.sessions_{days} AS sessions,
               u.screenshots_{days} AS screenshots, u.storage_used AS storage_bytes
        FROM company c JOIN company_usage u USING (company_id)
        WHERE c.revision IS NOT NULL AND u.active_{days} > 0 ORDER BY u.active_{days} DESC, c.company_id LIMIT :limit
    """)
    for days in DAYS
}

_GROWTH = text("""
    WITH created AS (
        SELECT greatest(date_trunc('month', created_at AT TIME ZONE 'UTC')::date, :first - 1) AS month,
               count(*) AS companies
        FROM company WHERE revision IS NOT NULL GROUP BY 1
    ), used AS (
        SELECT date_trunc('month', day)::date AS month, sum(active_seconds)::bigint AS active_seconds
        FROM platform_day WHERE day >= :first GROUP BY 1
    )
    SELECT months.month::date AS month, coalesce(created.companies, 0) AS created,
           (coalesce((SELECT companies FROM created WHERE month < :first), 0)
            + sum(coalesce(created.companies, 0)) OVER (ORDER BY months.month))::bigint AS companies,
           coalesce(used.active_seconds, 0) AS active_seconds
    FROM generate_series(CAST(:first AS timestamp), CAST(:last AS timestamp), interval '1 month') AS months (month)
    LEFT JOIN created ON created.month = months.month
    LEFT JOIN used ON used.month = months.month
    ORDER BY months.month
""")

_SAVE_EARLIER_REVENUE = text("""
    INSERT INTO earlier_revenue (moment, minor_units) VALUES (:moment, :minor_units)
    ON CONFLICT (one) DO UPDATE SET moment = excluded.moment, minor_units = excluded.minor_units
""")


async def list_status_totals(tx: AsyncConnection) -> list[StatusTotals]:
    """One row for each status and plan that any company has."""
    return [StatusTotals(**row._asdict() | {"status": Status(row.status)}) for row in await tx.execute(_STATUS_TOTALS)]


async def list_top(tx: AsyncConnection, days: int) -> list[TopCompany]:
    """The companies with the most active time in the last `days` days, one of DAYS."""
    return [TopCompany(**row._asdict()) for row in await tx.execute(_TOP[days], {"limit": TOP})]


async def list_growth(tx: AsyncConnection, *, first: date, last: date) -> list[MonthGrowth]:
    """Each month from that of `first`, its first day, to that of `last`."""
    return [MonthGrowth(**row._asdict()) for row in await tx.execute(_GROWTH, {"first": first, "last": last})]


async def save_earlier_revenue(tx: AsyncConnection, *, moment: datetime, minor_units: int) -> None:
    """What the monthly recurring revenue was at a moment about 30 days ago."""
    await tx.execute(_SAVE_EARLIER_REVENUE, {"moment": moment, "minor_units": minor_units})
