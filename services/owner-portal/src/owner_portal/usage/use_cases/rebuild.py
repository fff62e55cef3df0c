"""Replaces the usage part of the read model with the content of the feed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from owner_portal.freshness.rules import Rebuild
from owner_portal.usage.rules import CompanyDay, CompanyMonth, newest
from owner_portal.usage.store import company_days, rebuild, rollups
from servicekit.errors import Refused

NOTE_PAUSE = 1.0  # seconds between two progress updates
LATE_BATCH = 5_000  # days

Report = Callable[[Rebuild], None]


class Feed(Protocol):
    """The feed from its beginning."""

    @property
    def progress(self) -> Rebuild:
        """Messages read, and all messages."""

    def read(self) -> AsyncIterator[Sequence[CompanyMonth]]:
        """Continues where it stopped, to the current end. Unavailable: a message did not arrive."""


async def rebuild_usage(engine: AsyncEngine, *, feed: Feed, report: Report) -> None:
    """One transaction: pages show the old numbers until the new ones are complete, and a failure changes nothing.

    The live consumer continues; what it stores is read here as well, because the end of the feed is read once more
    while writers wait. `report` receives the progress. Refused: another rebuild is running.
    """
    async with engine.begin() as tx:
        if not await rebuild.begin(tx):
            raise Refused("A rebuild is already running. Wait for it to finish.")
        async with _noting(engine, feed, report):
            late = await _fill(tx, feed)
            await rebuild.index(tx)
            await rollups.hold_writers(tx)
            async for months in feed.read():
                late += [day for month in months for day in month.days]
            await _save_late(tx, newest(late))
            await rollups.rebuild(tx)
            await rebuild.finish(tx)
    report(feed.progress)


async def _fill(tx: AsyncConnection, feed: Feed) -> list[CompanyDay]:
    """Stores each month once; returns the days of months that were repeated or contain a day twice."""
    seen: set[tuple[UUID, date]] = set()
    late: list[CompanyDay] = []
    async with rebuild.filling(tx) as table:
        async for months in feed.read():
            first: list[CompanyMonth] = []
            for month in months:
                name = month.company_id, month.first
                if name in seen or not month.has_each_day_once:
                    late += month.days
                else:
                    first.append(month)
                seen.add(name)
            await table.add(first)
    return late


async def _save_late(tx: AsyncConnection, days: Sequence[CompanyDay]) -> None:
    for start in range(0, len(days), LATE_BATCH):
        await company_days.save_late_days(tx, days[start : start + LATE_BATCH])


@asynccontextmanager
async def _noting(engine: AsyncEngine, feed: Feed, report: Report) -> AsyncIterator[None]:
    """Records the progress in separate transactions: that of the rebuild is invisible before its end."""

    async def note() -> None:
        told = None
        while True:
            progress = feed.progress
            async with engine.begin() as tx:
                await rebuild.note(tx, progress)
            if progress != told:
                report(progress)
            told = progress
            await asyncio.sleep(NOTE_PAUSE)

    noting = asyncio.create_task(note())
    try:
        yield
    finally:
        noting.cancel()
        await asyncio.gather(noting, return_exceptions=True)
        async with engine.begin() as tx:
            await rebuild.forget(tx)
