"""Tells open pages what changed: coalesced, and only what a page shows."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.application.show_dashboard import Dashboard, show_live
from servicekit.lifecycle import forever

PERIOD = 0.5  # seconds between two updates at least
REST = 5.0  # of the time that an update takes: the more companies, the rarer
LONGEST_SILENCE = 5.0  # an update comes at least as often: days begin, trials end and services vanish without a message


class Watcher:
    """One open page. A slow one gets fewer updates, never a growing queue: each holds all that it has missed."""

    def __init__(self, ids: frozenset[UUID]) -> None:
        """`ids`: the companies the page shows."""
        self.ids = ids
        self.missed: set[UUID] = set(ids)  # the first update holds them all
        self._due = asyncio.Event()
        self._due.set()

    def wake(self, changed: Iterable[UUID]) -> None:
        """Something is to be told, of these companies among others."""
        self.missed |= self.ids.intersection(changed)
        self._due.set()

    async def next(self) -> frozenset[UUID]:
        """Waits until there is something to tell; returns the companies to tell of."""
        await self._due.wait()
        self._due.clear()
        missed, self.missed = frozenset(self.missed), set()
        return missed


class Live:
    """One a process. Costs nothing while no page is open."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._watchers: set[Watcher] = set()
        self._changed: set[UUID] = set()
        self._told = 0.0
        self._pause = PERIOD

    def mark(self, companies: Iterable[UUID]) -> None:
        """Says that the rows of these companies have changed; call it after the commit."""
        if self._watchers:
            self._changed.update(companies)

    @contextmanager
    def watch(self, ids: frozenset[UUID]) -> Iterator[Watcher]:
        """A page is open as long as the block."""
        watcher = Watcher(ids)
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def read(self, ids: Iterable[UUID]) -> Dashboard:
        """The totals and the rows of these companies, as of now."""
        clock = asyncio.get_running_loop().time
        started = clock()
        shown = await show_live(self._engine, ids=frozenset(ids))
        self._pause = max(PERIOD, REST * (clock() - started))
        return shown

    async def run(self) -> None:
        """Wakes the open pages until cancelled."""
        await forever("tell open pages", self._tell, idle=PERIOD)

    async def _tell(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._told >= (self._pause if self._changed else LONGEST_SILENCE):
            changed, self._changed = self._changed, set()
            self._told = now
            for watcher in self._watchers:
                watcher.wake(changed)
        return False
