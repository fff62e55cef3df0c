"""Wakes open pages soon after changes, with several changes combined."""

import asyncio
from collections.abc import Collection
from uuid import UUID

from servicekit.lifecycle import repeat

BEAT = 0.5  # seconds between two wake-ups at least
MAX_PAUSE_SECONDS = 2.0  # changes of other processes, new days and ended trials are found at least this often


class Live:
    """One per process. Each wake-up of an open page costs one statement; the page gets what has changed."""

    def __init__(self) -> None:
        self._changed = False
        self._looked_at = 0.0
        self._beat = asyncio.Event()

    def mark(self, companies: Collection[UUID]) -> None:
        """Reports changed rows of these companies; call it after the commit."""
        self._changed = self._changed or bool(companies)

    async def next(self) -> None:
        """Returns at the next wake-up."""
        await self._beat.wait()

    async def run(self) -> None:
        """Runs until cancelled."""
        await repeat("wake open pages", self._wake, idle=BEAT)

    async def _wake(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._changed or now - self._looked_at >= MAX_PAUSE_SECONDS:
            self._changed = False
            self._looked_at = now
            waiting, self._beat = self._beat, asyncio.Event()
            waiting.set()
        return False
