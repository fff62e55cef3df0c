"""Tells open pages when to look again: soon after a change, but not after each."""

import asyncio
from collections.abc import Collection
from uuid import UUID

from servicekit.lifecycle import forever

BEAT = 0.5  # seconds between two looks at least
LONGEST_SILENCE = 2.0  # a look comes at least as often: other processes take in changes too, days begin, trials end


class Live:
    """One a process. A look of an open page costs one statement, and it is sent what is new to it."""

    def __init__(self) -> None:
        self._changed = False
        self._looked_at = 0.0
        self._beat = asyncio.Event()

    def mark(self, companies: Collection[UUID]) -> None:
        """Says that the rows of these companies have changed; call it after the commit."""
        self._changed = self._changed or bool(companies)

    async def next(self) -> None:
        """Returns when it is time to look."""
        await self._beat.wait()

    async def run(self) -> None:
        """Beats until cancelled."""
        await forever("tell open pages", self._tell, idle=BEAT)

    async def _tell(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._changed or now - self._looked_at >= LONGEST_SILENCE:
            self._changed = False
            self._looked_at = now
            waiting, self._beat = self._beat, asyncio.Event()
            waiting.set()
        return False
