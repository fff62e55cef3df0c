"""The totals of the platform."""

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.dashboard.rules.totals import DAYS, TOTALLED, Overview, Revenue, StatusCount
from owner_portal.directory.rules import Status
from owner_portal.directory.store.companies import IS_UNSYNCED
from owner_portal.usage.rules import ROLLED_UP, Period, Window
from owner_portal.usage.store.company_days import platform_days

_SUMS = [f"{measure}_{days}{before}" for days in TOTALLED for before in ("", "_before") for measure in ROLLED_UP]

_COUNTS = text(f"""
    SELECT status, plan_code, count(*) AS companies,
           count(*) FILTER (WHERE {IS_UNSYNCED}) AS unsynced,
           sum(storage_used)::bigint AS storage_used, coalesce(sum(storage_limit), 0)::bigint AS storage_limit,
           coalesce(sum(monthly_revenue_minor_units), 0)::bigint AS monthly_revenue,
           (SELECT minor_units FROM earlier_revenue WHERE moment > now() - interval '32 days') AS earlier_revenue,
           max(currency) AS currency,
           {", ".join(f"sum({name})::bigint AS {name}" for name in _SUMS)}
    FROM company JOIN company_usage USING (company_id)
    WHERE revision IS NOT NULL GROUP BY status, plan_code
""")


async def read_overview(tx: AsyncConnection) -> Overview:
    """Two statements."""
    rows = (await tx.execute(_COUNTS)).all()
    days = await platform_days(tx, days=DAYS)
    revenue = Revenue(
        now=sum(row.monthly_revenue for row in rows),
        before=rows[0].earlier_revenue if rows else None,
        currency=next((row.currency for row in rows if row.currency), ""),
    )
    return Overview([_count(row) for row in rows], days, revenue)


def _count(row: Row[Any]) -> StatusCount:
    sums = row._mapping

    def period(suffix: str) -> Period:
        return Period(**{field: sums[f"{name}_{suffix}"] for name, field in ROLLED_UP.items()})

    return StatusCount(
        status=Status(row.status),
        plan_code=row.plan_code,
        companies=row.companies,
        unsynced=row.unsynced,
        storage_used=row.storage_used,
        storage_limit=row.storage_limit,
        monthly_revenue=row.monthly_revenue,
        windows={days: Window(period(f"{days}"), period(f"{days}_before")) for days in TOTALLED},
    )
