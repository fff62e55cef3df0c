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
from owner_portal.freshness.rules import DataGap, gaps
from owner_portal.freshness.store import sources

K = TypeVar("K")
T = TypeVar("T")
MAX_VIEWS = 64


class TtlCache(Generic[K, T]):
    """A cache of the latest answers by key, with one reader per key."""

    def __init__(self, read: Callable[[K], Awaitable[T]], *, max_age: float, max_entries: int) -> None:
        """`max_age` in seconds; `max_entries` is the size of the cache."""
        self._read = read
        self._max_age = max_age
        self._max_entries = max_entries
        self._kept: dict[K, tuple[float, asyncio.Future[T]]] = {}

    async def get(self, key: K) -> T:
        """The cached answer, or a new one, shared by concurrent callers. Raises the errors of reading."""
        kept = self._kept.get(key)
        if kept is None or monotonic() - kept[0] >= self._max_age:
            kept = monotonic(), asyncio.ensure_future(self._read(key))
            self._kept.pop(key, None)
            self._kept[key] = kept
            while len(self._kept) > self._max_entries:
                self._kept.pop(next(iter(self._kept)))
        try:
            return await asyncio.shield(kept[1])  # a cancelled caller does not cancel the others
        except BaseException:
            if kept[1].done() and self._kept.get(key) is kept:
                del self._kept[key]
            raise

    def forget(self) -> None:
        """Clears the cache."""
        self._kept.clear()


@dataclass(frozen=True, slots=True)
class Summary:
    """The common part of all views: the totals of the platform, and stale data."""

    overview: Overview
    gaps: Sequence[DataGap]


@dataclass(frozen=True, eq=False)
class Dashboard:
    """One view; compared by identity."""

    overview: Overview
    gaps: Sequence[DataGap]
    rows: Sequence[CompanyRow]
    matches: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.matches // PAGE_SIZE))


class Dashboards:
    """The dashboards, with short caches: totals read every company."""

    def __init__(self, engine: AsyncEngine, *, max_age: float = 1.0) -> None:
        """`max_age` of the caches in seconds."""
        self._engine = engine
        self._summaries = TtlCache(self._summarise, max_age=max_age, max_entries=1)
        self._views = TtlCache(self._view, max_age=max_age, max_entries=MAX_VIEWS)

    async def summary(self) -> Summary:
        """The common part of all views."""
        return await self._summaries.get(())

    async def show(self, listing: Listing) -> Dashboard:
        """One view; without rows beyond the last page."""
        return await self._views.get(listing)

    def forget(self) -> None:
        """Clears the caches after an owner action."""
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
    """The rows of some companies for live updates, unordered."""
    async with reading(engine) as tx:
        return await company_rows.select_companies(tx, list(ids))


async def list_rows(engine: AsyncEngine, *, listing: Listing) -> AsyncIterator[CompanyRow]:
    """All rows of a view, streamed."""
    async with engine.begin() as tx:
        async for row in company_rows.stream_companies(tx, listing):
            yield row


async def _matches(tx: AsyncConnection, listing: Listing, rows: Sequence[CompanyRow], overview: Overview) -> int:
    """The number of matches; counted only if neither the page nor the totals contain it."""
    if rows and len(rows) < PAGE_SIZE:
        return listing.offset + len(rows)
    if listing.search or listing.plan:
        return await company_rows.count_matches(tx, listing)
    if not listing.choice:
        return overview.companies
    return overview.unsynced if listing.choice == UNSYNCED else overview.by_status[Status(listing.choice)]
