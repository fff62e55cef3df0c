"""The days of the feed, one row per company and day. An older revision never replaces a newer one."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.usage.rules import NUMBERS, SUMS, CompanyDay, PlatformDay

_NUMBERS = ", ".join(NUMBERS)
_SUMS = ", ".join(SUMS)

# A message holds its whole month and mostly one day of it is new. The condition leaves the others alone: an upsert
# locks, and so writes, every row it meets. It is a sub-select because that is always one look into the index; a join
# would be planned as a scan of all history. The order keeps two writers from waiting for each other.
_SAVE = f"""
    INSERT INTO {{table}} AS held (company_id, day, revision, {_NUMBERS})
    SELECT new.*
    FROM unnest(CAST(:company_id AS uuid[]), CAST(:day AS date[]), CAST(:revision AS bigint[]),
                {", ".join(f"CAST(:{name} AS bigint[])" for name in NUMBERS)}) AS new (company_id, day, revision)
    WHERE new.revision > coalesce(
        (SELECT k.revision FROM {{table}} k WHERE k.company_id = new.company_id AND k.day = new.day), -1
    )
    ORDER BY new.company_id, new.day
    ON CONFLICT (company_id, day) DO UPDATE
    SET revision = excluded.revision, {", ".join(f"{name} = excluded.{name}" for name in NUMBERS)}
    WHERE held.revision < excluded.revision
"""

# The platform's days change by the difference of each company's day.
_SAVE_DAYS = text(f"""
    WITH saved AS (
        {_SAVE.format(table="company_day")}
        RETURNING WITH (OLD AS was, NEW AS present)
            present.company_id, present.day,
            (present.active_seconds > 0)::integer - coalesce((was.active_seconds > 0)::integer, 0) AS companies_active,
            {", ".join(f"present.{name} - coalesce(was.{name}, 0) AS {name}" for name in SUMS)}
    ), gained AS (
        INSERT INTO platform_day AS held (day, companies_active, {_SUMS})
        SELECT day, sum(companies_active), {", ".join(f"sum({name})" for name in SUMS)}
        FROM saved GROUP BY day ORDER BY day
        ON CONFLICT (day) DO UPDATE
        SET {", ".join(f"{name} = held.{name} + excluded.{name}" for name in ("companies_active", *SUMS))}
    )
    SELECT DISTINCT company_id FROM saved
""")

_SAVE_LATE_DAYS = text(_SAVE.format(table="company_day_next"))

# A date ends last in the time zone 12 hours behind UTC.
_DAYS = text(f"""
    SELECT date::date AS day, date < latest_today AS is_over,
           {", ".join(f"coalesce({name}, 0) AS {name}" for name in ("companies_active", *SUMS))}
    FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today,
                 (now() AT TIME ZONE 'UTC' - interval '12 hours')::date AS latest_today) t,
         generate_series(today - (:days - 1), today, interval '1 day') date
    LEFT JOIN platform_day ON day = date::date
    ORDER BY date
""")


async def save_days(tx: AsyncConnection, days: Sequence[CompanyDay]) -> set[UUID]:
    """Stores days, each company's day at most once per batch; returns the companies with newer days.

    The platform's totals are updated as well; `rollups.refresh` updates those of the companies.
    """
    return set((await tx.execute(_SAVE_DAYS, _columns(days))).scalars()) if days else set()


async def save_late_days(tx: AsyncConnection, days: Sequence[CompanyDay]) -> None:
    """The same for the table that a rebuild has filled; no sums follow."""
    if days:
        await tx.execute(_SAVE_LATE_DAYS, _columns(days))


def _columns(days: Sequence[CompanyDay]) -> dict[str, list[object]]:
    return {name: list(values) for name, values in zip(CompanyDay._fields, zip(*days, strict=True), strict=True)}


async def platform_days(tx: AsyncConnection, *, days: int) -> list[PlatformDay]:
    """Each of the last `days` dates up to today in UTC, oldest first."""
    return [PlatformDay(**row._asdict()) for row in await tx.execute(_DAYS, {"days": days})]
