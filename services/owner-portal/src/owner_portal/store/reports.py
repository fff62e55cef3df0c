"""What the pages show, read from the database alone: a fixed number of statements, however many companies there are."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.domain.companies import Status
from owner_portal.domain.listing import PAGE_SIZE, UNSYNCED, Listing, Sort
from owner_portal.domain.overview import CompanyPage, CompanyRow, StatusCount
from owner_portal.domain.usage import CompanyDay, DayTotal

_COUNTS = text("""
    SELECT status, count(*) AS companies,
           count(*) FILTER (WHERE last_sync_at IS NULL OR last_sync_at < now() - interval '24 hours') AS unsynced,
           coalesce(sum(storage_used), 0)::bigint AS storage_used,
           coalesce(sum(storage_limit), 0)::bigint AS storage_limit
    FROM directory GROUP BY status
""")

# A desktop's clock may run ahead: days after today count as today. The condition on UTC's date is for the index.
_TOTALS = text("""
    SELECT greatest(c.today - d.day, 0) AS age, sum(d.active_seconds)::bigint AS active_seconds,
           sum(d.sessions)::bigint AS sessions, sum(d.screenshots)::bigint AS screenshots
    FROM (SELECT company_id, (now() AT TIME ZONE day_zone)::date AS today FROM company) c
    JOIN company_day d USING (company_id)
    WHERE d.day > (now() AT TIME ZONE 'UTC')::date - 32 AND d.day > c.today - 30
    GROUP BY age
""")

_ROWS = """
    WITH recent AS (
        SELECT d.company_id, sum(d.active_seconds)::bigint AS active_seconds, sum(d.screenshots)::bigint AS screenshots
        FROM (SELECT company_id, (now() AT TIME ZONE day_zone)::date AS today FROM company) c
        JOIN company_day d USING (company_id)
        WHERE d.day > (now() AT TIME ZONE 'UTC')::date - 32 AND d.day > c.today - 30
          {only}
        GROUP BY d.company_id
    )
    SELECT c.company_id, c.name, c.email, c.plan_code, c.status, c.seats_used, c.seats_limit,
           coalesce(recent.active_seconds, 0) AS active_seconds, coalesce(recent.screenshots, 0) AS screenshots,
           c.storage_used, c.storage_limit, c.last_sync_at, c.today, count(*) OVER () AS matches
    FROM directory c LEFT JOIN recent USING (company_id)
"""

_LISTED = """
    WHERE position(lower(CAST(:search AS text)) IN lower(c.name || ' ' || c.email)) > 0
      AND (:choice IN ('', :unsynced) OR c.status = :choice)
      AND (:choice <> :unsynced OR c.last_sync_at IS NULL OR c.last_sync_at < now() - interval '24 hours')
    ORDER BY {key} {direction} NULLS LAST, lower(c.name), c.company_id
    LIMIT :limit OFFSET :offset
"""

_KEYS = {
    Sort.NAME: "lower(c.name)",
    Sort.PLAN: "c.plan_code",
    Sort.STATUS: "c.status",
    Sort.SEATS: "c.seats_used",
    Sort.MINUTES: "coalesce(recent.active_seconds, 0)",
    Sort.SCREENSHOTS: "coalesce(recent.screenshots, 0)",
    Sort.STORAGE: "c.storage_used",
    Sort.SYNC: "c.last_sync_at",
}

_LIST = {
    (sort, descending): text(_ROWS.format(only="") + _LISTED.format(key=key, direction="DESC" if descending else "ASC"))
    for sort, key in _KEYS.items()
    for descending in (False, True)
}

_SELECTED = text(
    _ROWS.format(only="AND d.company_id = ANY(CAST(:ids AS uuid[]))") + "WHERE c.company_id = ANY(CAST(:ids AS uuid[]))"
)

_SERIES = text("""
    SELECT company_id, day, active_seconds FROM company_day
    WHERE company_id = ANY(CAST(:ids AS uuid[])) AND day > (now() AT TIME ZONE 'UTC')::date - 32
""")

_COMPANY = text("""
    SELECT company_id, name, email, contact_person, phone, address, time_zone, key_hint, created_at, suspended,
           plan_code, started_at, expires_at, price_minor_units, currency, seats_limit, storage_limit,
           screenshot_retention_days, seats_used, storage_used, last_sync_at, today, status
    FROM directory WHERE company_id = :company_id
""")

_DAYS = text("""
    SELECT company_id, day, revision, active_seconds, idle_seconds, employees_active, sessions, screenshots,
           storage_bytes, seats_used
    FROM company_day WHERE company_id = :company_id AND day > :after ORDER BY day
""")


async def count_companies(tx: AsyncConnection) -> list[StatusCount]:
    """How many companies each status has; a status without any is not there."""
    rows = await tx.execute(_COUNTS)
    return [
        StatusCount(Status(row.status), row.companies, row.unsynced, row.storage_used, row.storage_limit)
        for row in rows
    ]


async def day_totals(tx: AsyncConnection) -> list[DayTotal]:
    """All companies together for each of the last 30 days that has anything."""
    return [DayTotal(*row) for row in await tx.execute(_TOTALS)]


async def list_companies(tx: AsyncConnection, listing: Listing) -> tuple[list[CompanyRow], int]:
    """One page of the table, and how many companies match; 0 beyond the last page."""
    values = {
        "search": listing.search,
        "choice": listing.choice,
        "unsynced": UNSYNCED,
        "limit": PAGE_SIZE,
        "offset": listing.offset,
    }
    rows = (await tx.execute(_LIST[listing.sort, listing.descending], values)).all()
    return [_company_row(row) for row in rows], rows[0].matches if rows else 0


async def select_companies(tx: AsyncConnection, ids: Sequence[UUID]) -> list[CompanyRow]:
    """The rows of these companies, in no order; unknown ids are left out."""
    return [_company_row(row) for row in await tx.execute(_SELECTED, {"ids": list(ids)})]


async def active_series(tx: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, Mapping[date, int]]:
    """Active seconds of the last month by company and day."""
    series: defaultdict[UUID, dict[date, int]] = defaultdict(dict)
    for row in await tx.execute(_SERIES, {"ids": list(ids)}):
        series[row.company_id][row.day] = row.active_seconds
    return series


async def find_company(tx: AsyncConnection, company_id: UUID) -> CompanyPage | None:
    """Everything known of one company; None when tenancy has not told of it."""
    row = (await tx.execute(_COMPANY, {"company_id": company_id})).one_or_none()
    return CompanyPage(**row._asdict() | {"status": Status(row.status)}) if row else None


async def list_days(tx: AsyncConnection, company_id: UUID, *, after: date) -> list[CompanyDay]:
    """A company's days after a date, oldest first."""
    return [CompanyDay(*row) for row in await tx.execute(_DAYS, {"company_id": company_id, "after": after})]


def _company_row(row: Row[tuple[object, ...]]) -> CompanyRow:
    values = row._asdict()
    del values["matches"]
    return CompanyRow(**values | {"status": Status(row.status)})
