"""Reads the dashboard: at most five statements, however many companies there are."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from owner_portal.dashboard.rules.listing import PAGE_SIZE, UNSYNCED, Listing
from owner_portal.dashboard.rules.overview import CompanyRow, Overview
from owner_portal.dashboard.store import listing as listings
from owner_portal.dashboard.store import totals
from owner_portal.dashboard.use_cases.recent import Recent
from owner_portal.db.store.reading import reading
from owner_portal.directory.rules.companies import Status
from owner_portal.freshness.rules.sources import Gap, gaps
from owner_portal.freshness.store import sources

MOST_VIEWS = 64


@dataclass(frozen=True, slots=True)
class Summary:
    """What is the same on every view: the platform's totals, and what is not as of now."""

    overview: Overview
    gaps: Sequence[Gap]


@dataclass(frozen=True, eq=False)
class Dashboard:
    """One view; one is like no other."""

    overview: Overview
    gaps: Sequence[Gap]
    rows: Sequence[CompanyRow]
    matches: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.matches // PAGE_SIZE))


class Dashboards:
    """What dashboards show, read at most once in a while: totals cost a look at every company."""

    def __init__(self, engine: AsyncEngine, *, longest_age: float = 1.0) -> None:
        """`longest_age`: seconds for which the same is shown again."""
        self._engine = engine
        self._summaries = Recent(self._summarise, longest_age=longest_age, most=1)
        self._views = Recent(self._view, longest_age=longest_age, most=MOST_VIEWS)

    async def summary(self) -> Summary:
        """What all views have in common."""
        return await self._summaries.get(())

    async def show(self, listing: Listing) -> Dashboard:
        """One view; without rows when the page asked for is beyond the last."""
        return await self._views.get(listing)

    def forget(self) -> None:
        """The owner has changed something and looks at it next."""
        self._summaries.forget()
        self._views.forget()

    async def _summarise(self, _nothing: tuple[()]) -> Summary:
        async with reading(self._engine) as tx:
            overview = await totals.read_overview(tx)
            states = await sources.list_states(tx)
        return Summary(overview, gaps(states, datetime.now(UTC)))

    async def _view(self, listing: Listing) -> Dashboard:
        summary = await self.summary()
        async with reading(self._engine) as tx:
            rows = await listings.list_companies(tx, listing)
            matches = await _matches(tx, listing, rows, summary.overview)
        return Dashboard(summary.overview, summary.gaps, rows, matches)


async def show_rows(engine: AsyncEngine, *, ids: Collection[UUID]) -> Sequence[CompanyRow]:
    """The rows of some companies, in no order: what an open page is told of."""
    async with reading(engine) as tx:
        return await listings.select_companies(tx, list(ids))


async def list_rows(engine: AsyncEngine, *, listing: Listing) -> AsyncIterator[CompanyRow]:
    """Every row of a view, on whichever page, read as they are asked for."""
    async with engine.begin() as tx:
        async for row in listings.stream_companies(tx, listing):
            yield row


async def _matches(tx: AsyncConnection, listing: Listing, rows: Sequence[CompanyRow], overview: Overview) -> int:
    """Counted only where neither the page nor the totals say it already."""
    if rows and len(rows) < PAGE_SIZE:
        return listing.offset + len(rows)
    if listing.search or listing.plan:
        return await listings.count_matches(tx, listing)
    if not listing.choice:
        return overview.companies
    return overview.unsynced if listing.choice == UNSYNCED else overview.by_status[Status(listing.choice)]
