"""The table of companies: one page is an index scan of the sort column."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.dashboard.rules.listing import PAGE_SIZE, UNSYNCED, Column, Listing
from owner_portal.dashboard.rules.totals import CompanyRow
from owner_portal.directory.rules import Status
from owner_portal.directory.store.companies import IS_UNSYNCED
from text_rules.search import search_key

# The columns are the fields of a CompanyRow.
_ROWS = """
    SELECT c.company_id, c.name, c.email, c.plan_code, c.price_minor_units, c.currency, c.expires_at, c.status,
           u.seats_used, c.seats_limit, u.storage_used, c.storage_limit, c.last_sync_at,
           (now() AT TIME ZONE c.day_zone)::date, u.active_30, u.screenshots_30, u.daily_minutes
    FROM company c JOIN company_usage u USING (company_id)
    WHERE c.revision IS NOT NULL
"""

# As in the indexes. Unknown values come first in ascending order, last in descending order.
_ORDERS = {
    Column.NAME: ("c.name_order {}", "c"),
    Column.EMAIL: ("c.email_order {}", "c"),
    Column.PLAN: ("c.plan_code {} NULLS {nulls}", "c"),
    Column.STATUS: ("c.status {}", "c"),
    Column.SEATS: ("u.seats_used {}", "u"),
    Column.MINUTES: ("u.active_30 {}", "u"),
    Column.SCREENSHOTS: ("u.screenshots_30 {}", "u"),
    Column.STORAGE: ("u.storage_used {}", "u"),
    Column.SYNC: ("c.last_sync_at {} NULLS {nulls}", "c"),
}

_FIELDS = tuple(field.name for field in fields(CompanyRow))

_prepared = lru_cache(maxsize=500)(text)

_SELECTED = text(_ROWS + "AND c.company_id = ANY(CAST(:ids AS uuid[]))")


async def list_companies(tx: AsyncConnection, listing: Listing) -> list[CompanyRow]:
    """One page of the table; empty beyond the last."""
    # Literal numbers: a generic plan for any offset would read the whole table.
    statement = f"{_ROWS} {_conditions(listing)} {_order(listing)} LIMIT {PAGE_SIZE} OFFSET {listing.offset:d}"
    return [_row(row) for row in await tx.execute(_prepared(statement), _values(listing))]


async def stream_companies(tx: AsyncConnection, listing: Listing) -> AsyncIterator[CompanyRow]:
    """All rows of the table, streamed."""
    statement = f"{_ROWS} {_conditions(listing)} {_order(listing)}"
    result = await tx.stream(_prepared(statement), _values(listing))
    async for row in result:
        yield _row(row)


async def count_matches(tx: AsyncConnection, listing: Listing) -> int:
    """The number of companies on all pages."""
    statement = f"SELECT count(*) FROM company c WHERE c.revision IS NOT NULL {_conditions(listing)}"
    count: int = (await tx.execute(_prepared(statement), _values(listing))).scalar_one()
    return count


async def select_companies(tx: AsyncConnection, ids: Sequence[UUID]) -> list[CompanyRow]:
    """The rows of these companies, unordered; unknown ids are omitted."""
    return [_row(row) for row in await tx.execute(_SELECTED, {"ids": list(ids)})]


def _conditions(listing: Listing) -> str:
    wanted = []
    if search_key(listing.search):
        wanted.append("AND position(:search IN c.search_text) > 0")
    if listing.plan:
        wanted.append("AND c.plan_code = :plan")
    if listing.choice in set(Status):
        wanted.append("AND c.status = :status")
    else:
        wanted.append(f"AND c.status <> '{Status.CLOSED.value}'")
    if listing.choice == UNSYNCED:
        wanted.append(f"AND {IS_UNSYNCED}")
    return " ".join(wanted)


def _values(listing: Listing) -> dict[str, Any]:
    given = {
        "search": search_key(listing.search),
        "plan": listing.plan,
        "status": listing.choice if listing.choice in set(Status) else "",
    }
    return {name: value for name, value in given.items() if value}


def _order(listing: Listing) -> str:
    key, table = _ORDERS[listing.sort]
    direction, nulls = ("DESC", "LAST") if listing.descending else ("ASC", "FIRST")
    return f"ORDER BY {key.format(direction, nulls=nulls)}, {table}.company_id {direction}"


def _row(row: Row[Any]) -> CompanyRow:
    values = dict(zip(_FIELDS, row, strict=True))
    return CompanyRow(**values | {"status": Status(values["status"]), "daily_minutes": tuple(values["daily_minutes"])})
