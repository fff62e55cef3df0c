"""All companies together, date by date, from sums that are kept up to date."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.usage.rules.platform_days import PlatformDay

# A date ends last where clocks are twelve hours behind UTC.
_DAYS = text("""
    SELECT date::date AS day, date < latest_today AS is_over, coalesce(companies_active, 0) AS companies_active,
           coalesce(active_seconds, 0) AS active_seconds, coalesce(idle_seconds, 0) AS idle_seconds,
           coalesce(sessions, 0) AS sessions, coalesce(screenshots, 0) AS screenshots
    FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today,
                 (now() AT TIME ZONE 'UTC' - interval '12 hours')::date AS latest_today) t,
         generate_series(today - (:days - 1), today, interval '1 day') date
    LEFT JOIN platform_day ON day = date::date
    ORDER BY date
""")


async def platform_days(tx: AsyncConnection, *, days: int) -> list[PlatformDay]:
    """Each of the last `days` dates up to today in UTC, oldest first."""
    return [PlatformDay(*row) for row in await tx.execute(_DAYS, {"days": days})]
