"""Reads the dashboard: at most five statements, however many companies there are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from owner_portal.dashboard.rules.listing import PAGE_SIZE, UNSYNCED, Listing
from owner_portal.dashboard.rules.totals import CompanyRow, Overview
from owner_portal.dashboard.store import company_rows, totals
from owner_portal.db.store.reading import reading
from owner_portal.directory.rules import Status
from owner_portal.freshness.rules import Gap, gaps
from owner_portal.freshness.store import sources

K = TypeVar("K")
T = TypeVar("T")
MOST_VIEWS = 64


class Recent(Generic[K, T]):
    """Keeps the latest answers by what was asked."""

    def __init__(self, read: Callable[[K], Awaitable[T]], *, longest_age: float, most: int) -> None:
        """`longest_age`: seconds for which an answer is given again; `most`: how many are kept."""
        self._read = read
        self._longest_age = longest_age
        self._most = most
        self._kept: dict[K, tuple[float, asyncio.Future[T]]] = {}

    async def get(self, key: K) -> T:
        """The kept answer, or a new one; whoever asks meanwhile gets the same. Raises what reading raises."""
        kept = self._kept.get(key)
        if kept is None or monotonic() - kept[0] >= self._longest_age:
            kept = monotonic(), asyncio.ensure_future(self._read(key))
            self._kept.pop(key, None)
            self._kept[key] = kept
            while len(self._kept) > self._most:
                self._kept.pop(next(iter(self._kept)))
        try:
            return await asyncio.shield(kept[1])  # one who goes away leaves the others their answer
        except BaseException:
            if kept[1].done() and self._kept.get(key) is kept:
                del self._kept[key]
            raise

    def forget(self) -> None:
        """Something has changed that whoever changed it wants to see."""
        self._kept.clear()


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
            rows = await company_rows.list_companies(tx, listing)
            matches = await _matches(tx, listing, rows, summary.overview)
        return Dashboard(summary.overview, summary.gaps, rows, matches)


async def show_rows(engine: AsyncEngine, *, ids: Collection[UUID]) -> Sequence[CompanyRow]:
    """The rows of some companies, in no order: what an open page is told of."""
    async with reading(engine) as tx:
        return await company_rows.select_companies(tx, list(ids))


async def list_rows(engine: AsyncEngine, *, listing: Listing) -> AsyncIterator[CompanyRow]:
    """Every row of a view, on whichever page, read as they are asked for."""
    async with engine.begin() as tx:
        async for row in company_rows.stream_companies(tx, listing):
            yield row


async def _matches(tx: AsyncConnection, listing: Listing, rows: Sequence[CompanyRow], overview: Overview) -> int:
    """Counted only where neither the page nor the totals say it already."""
    if rows and len(rows) < PAGE_SIZE:
        return listing.offset + len(rows)
    if listing.search or listing.plan:
        return await company_rows.count_matches(tx, listing)
    if not listing.choice:
        return overview.companies
    return overview.unsynced if listing.choice == UNSYNCED else overview.by_status[Status(listing.choice)]
