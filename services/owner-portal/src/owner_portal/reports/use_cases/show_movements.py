"""The rows behind a figure of the revenue report, page by page: two statements and one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.directory.store import names
from owner_portal.freshness.rules.remembered import Remembered
from owner_portal.freshness.use_cases.with_memory import Question, with_memory
from owner_portal.reports.rules.revenue import Movement

MOVEMENTS_PAGE = 100


@dataclass(frozen=True, slots=True)
class MovementsView:
    """One page; `following`: the revision after which the next one begins, None after the last."""

    remembered: Remembered[list[Movement]]
    rows: Sequence[Movement]
    names: Mapping[UUID, str]
    following: int | None


async def show_movements(engine: AsyncEngine, *, movements: Question[list[Movement]]) -> MovementsView:
    """`movements` asks for one more than a page has."""
    remembered = await with_memory(engine, movements)
    found = remembered.value or []
    rows = found[:MOVEMENTS_PAGE]
    async with engine.begin() as tx:
        known = await names.names_of(tx, {row.company_id for row in rows})
    return MovementsView(remembered, rows, known, rows[-1].revision if len(found) > MOVEMENTS_PAGE else None)
