"""Rollups of the days of each company, so that no page adds up days."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.usage.rules import ROLLED_UP, SUMS, WINDOWS

_SUMS = {
    f"{measure}_{days}{suffix}": (
        f"coalesce(sum({column}) FILTER (WHERE age BETWEEN {first} AND {first + days - 1}), 0)"
    )
    for measure, column in ROLLED_UP.items()
    for days in WINDOWS
    for suffix, first in (("", 0), ("_before", days))
}

_WRITERS = 0x64617973  # "days": of the advisory lock that a rebuild takes for itself

_ENTER = text("SELECT pg_advisory_xact_lock_shared(:number)")

_HOLD_WRITERS = text("SELECT pg_advisory_xact_lock(:number)")

# Two writers of different days of one company would miss each other's days in the rollups: the second waits here, and
# its next statement sees the days of the first.
_LOCK = text("""
    SELECT count(*) FROM (
        SELECT FROM company_usage WHERE company_id = ANY(CAST(:ids AS uuid[])) ORDER BY company_id FOR NO KEY UPDATE
    ) held
""")

_ADD = text("""
    INSERT INTO company_usage (company_id)
    SELECT id FROM unnest(CAST(:ids AS uuid[])) id
    WHERE NOT EXISTS (SELECT FROM company_usage WHERE company_id = id) ORDER BY id
    ON CONFLICT DO NOTHING
""")

_TODAY = "(now() AT TIME ZONE coalesce(day_zone, 'UTC'))::date"

_REFRESH = f"""
    WITH asked AS MATERIALIZED (
        SELECT company_id, {_TODAY} AS today FROM company_usage LEFT JOIN company USING (company_id)
        WHERE {{which}}
    ), aged AS MATERIALIZED (
        SELECT company_id, greatest(today - day, 0) AS age,
               {", ".join(f"sum({name})::bigint AS {name}" for name in ROLLED_UP.values())}
        FROM asked JOIN LATERAL (
            SELECT d.* FROM {{days}} d WHERE d.company_id = asked.company_id AND d.day > today - {2 * WINDOWS[-1]}
        ) recent USING (company_id)
        GROUP BY company_id, age
    ), summed AS (
        SELECT company_id, {", ".join(f"{sum_} AS {name}" for name, sum_ in _SUMS.items())}
        FROM aged GROUP BY company_id
    ), line AS (
        SELECT company_id, array_agg((coalesce(active_seconds, 0) / 60)::integer ORDER BY age DESC) AS daily_minutes
        FROM (SELECT company_id, age FROM asked, generate_series(0, 29) age) each LEFT JOIN aged USING (company_id, age)
        GROUP BY company_id
    )
    UPDATE company_usage u
    SET as_of = today, seats_used = coalesce(level.seats_used, 0), storage_used = coalesce(level.storage_bytes, 0),
        daily_minutes = line.daily_minutes, {", ".join(f"{name} = coalesce(summed.{name}, 0)" for name in _SUMS)}
    FROM asked JOIN line USING (company_id) LEFT JOIN summed USING (company_id)
    LEFT JOIN LATERAL (
        SELECT d.seats_used, d.storage_bytes FROM {{days}} d
        WHERE d.company_id = asked.company_id ORDER BY d.day DESC LIMIT 1
    ) level ON true
    WHERE u.company_id = asked.company_id
"""

_REFRESH_SOME = text(_REFRESH.format(days="company_day", which="company_id = ANY(CAST(:ids AS uuid[]))"))

_ADD_REBUILT = text("""
    INSERT INTO company_usage (company_id) SELECT DISTINCT company_id FROM company_day_next ON CONFLICT DO NOTHING
""")

_REFRESH_REBUILT = text(_REFRESH.format(days="company_day_next", which="true"))

_FORGET_PLATFORM_DAYS = text("DELETE FROM platform_day")

_ADD_UP_PLATFORM_DAYS = text(f"""
    INSERT INTO platform_day (day, companies_active, {", ".join(SUMS)})
    SELECT day, count(*) FILTER (WHERE active_seconds > 0), {", ".join(f"sum({name})" for name in SUMS)}
    FROM company_day_next GROUP BY day
""")

_MORE_MEMORY = text("SET LOCAL work_mem = '128MB'")

_TAKE_OUTDATED = text(f"""
    SELECT company_id FROM company_usage
    WHERE company_id IN (
        SELECT company_id FROM company_usage LEFT JOIN company USING (company_id) WHERE as_of <> {_TODAY} LIMIT :limit
    )
    ORDER BY company_id FOR NO KEY UPDATE SKIP LOCKED
""")


async def lock(tx: AsyncConnection, ids: Collection[UUID]) -> None:
    """Blocks other writers of these companies' days until the transaction ends; call it before days are saved."""
    values = {"ids": list(ids)}
    await tx.execute(_ENTER, {"number": _WRITERS})
    await tx.execute(_ADD, values)
    await tx.execute(_LOCK, values)


async def refresh(tx: AsyncConnection, ids: Collection[UUID]) -> None:
    """Recomputes the rollups of these companies; `lock` them first."""
    if ids:
        await tx.execute(_REFRESH_SOME, {"ids": list(ids)})


async def hold_writers(tx: AsyncConnection) -> None:
    """Blocks other writers of days and rollups until the transaction ends, but no readers or new companies."""
    await tx.execute(_HOLD_WRITERS, {"number": _WRITERS})


async def rebuild(tx: AsyncConnection) -> None:
    """Computes all rollups from the table that a rebuild has filled."""
    await tx.execute(_MORE_MEMORY)
    await tx.execute(_ADD_REBUILT)
    await tx.execute(_REFRESH_REBUILT)
    await tx.execute(_FORGET_PLATFORM_DAYS)
    await tx.execute(_ADD_UP_PLATFORM_DAYS)


async def take_outdated(tx: AsyncConnection, *, limit: int) -> set[UUID]:
    """Locks companies whose rollups are from an earlier day; companies locked by others are skipped."""
    await tx.execute(_ENTER, {"number": _WRITERS})
    return set((await tx.execute(_TAKE_OUTDATED, {"limit": limit})).scalars())
