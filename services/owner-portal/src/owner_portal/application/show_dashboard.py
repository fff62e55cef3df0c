"""Reads the dashboard: four statements, however many companies there are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from owner_portal.domain.listing import PAGE_SIZE, Listing
from owner_portal.domain.overview import CompanyRow, Overview, last_days
from owner_portal.domain.sources import Gap, gaps
from owner_portal.store import reports, sources


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The whole page. `sparks`: active seconds of the last 30 days for each company shown, oldest first."""

    overview: Overview
    rows: Sequence[CompanyRow]
    sparks: Mapping[UUID, Sequence[int]]
    matches: int
    gaps: Sequence[Gap]

    @property
    def pages(self) -> int:
        return max(1, -(-self.matches // PAGE_SIZE))


async def show_dashboard(engine: AsyncEngine, *, listing: Listing) -> Dashboard:
    """One view of the dashboard; without rows when the page asked for is beyond the last."""
    async with engine.begin() as tx:
        overview = await _overview(tx)
        rows, matches = await reports.list_companies(tx, listing)
        return Dashboard(overview, rows, await _sparks(tx, rows), matches, await _gaps(tx))


async def show_live(engine: AsyncEngine, *, ids: Collection[UUID]) -> Dashboard:
    """The totals, and the rows of some companies: what an open page is told."""
    async with engine.begin() as tx:
        overview = await _overview(tx)
        rows = await reports.select_companies(tx, list(ids)) if ids else []
        return Dashboard(overview, rows, await _sparks(tx, rows), len(rows), await _gaps(tx))


async def _overview(tx: AsyncConnection) -> Overview:
    return Overview(await reports.count_companies(tx), await reports.day_totals(tx))


async def _sparks(tx: AsyncConnection, rows: Sequence[CompanyRow]) -> dict[UUID, list[int]]:
    if not rows:
        return {}
    series = await reports.active_series(tx, [row.company_id for row in rows])
    return {row.company_id: last_days(series.get(row.company_id, {}), row.today) for row in rows}


async def _gaps(tx: AsyncConnection) -> list[Gap]:
    return gaps(await sources.list_states(tx), datetime.now(UTC))
