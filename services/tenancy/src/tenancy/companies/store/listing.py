"""Pages of companies: two statements a page, whatever is asked."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.companies.rules.company import Company
from tenancy.companies.rules.listing import Position, Question, Sort
from tenancy.companies.store.companies import COLUMNS, SOURCE, from_row

_SORTED_BY = {
    Sort.NAME: ("c.name_order", "bytea"),
    Sort.CREATED_AT: ("c.created_at", "timestamptz"),
    Sort.LAST_SYNC_AT: ("coalesce(s.last_sync_at, '-infinity')", "timestamptz"),
}
NEVER = "-infinity"


async def page(tx: AsyncConnection, question: Question, *, after: Position | None, limit: int) -> list[Company]:
    """At most `limit` of the companies that are asked for, from those that follow `after`."""
    conditions, values = _conditions(question)
    key, kind = _SORTED_BY[question.sort]
    direction, follows = ("DESC", "<") if question.descending else ("ASC", ">")
    if after is not None:
        conditions.append(f"({key}, c.id) {follows} (CAST(:after AS {kind}), CAST(:after_id AS uuid))")
        values |= {"after": NEVER if after.value is None else after.value, "after_id": after.company_id}
    where = " AND ".join(conditions)
    # Columns are looked up for the page alone, not for all that is sorted.
    statement = f"""
        SELECT {COLUMNS} FROM (
            SELECT c.id, {key} AS key FROM {SOURCE} WHERE {where}
            ORDER BY key {direction}, c.id {direction} LIMIT :limit
        ) page JOIN company c ON c.id = page.id LEFT JOIN company_sync s ON s.company_id = c.id
        ORDER BY page.key {direction}, page.id {direction}
    """
    return [from_row(row) for row in await tx.execute(text(statement), values | {"limit": limit})]


async def count(tx: AsyncConnection, question: Question) -> int:
    """How many companies are asked for."""
    conditions, values = _conditions(question)
    statement = f"SELECT count(*) FROM company c WHERE {' AND '.join(conditions)}"
    return int((await tx.execute(text(statement), values)).scalar_one())


def _conditions(question: Question) -> tuple[list[str], dict[str, Any]]:
    conditions = ["true"]
    values: dict[str, Any] = {}
    if question.search:
        conditions.append("c.search_text LIKE :pattern")
        values["pattern"] = f"%{_literal(question.search)}%"
    if question.states:
        conditions.append("c.state = ANY(:states)")
        values["states"] = list(question.states)
    return conditions, values


def _literal(search: str) -> str:
    """The text as LIKE takes it for itself."""
    return search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
