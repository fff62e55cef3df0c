"""Updates rollups when a company's day begins."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.usage.use_cases.days import begin_days
from owner_portal.web.live import Live
from servicekit.lifecycle import repeat

PAUSE = 5.0


class Calendar:
    """One per process; processes share the work of a midnight."""

    def __init__(self, engine: AsyncEngine, live: Live) -> None:
        self._engine = engine
        self._live = live

    async def follow_days(self) -> None:
        """Runs until cancelled."""
        await repeat("begin days", self.step, idle=PAUSE)

    async def step(self) -> bool:
        """Updates one batch of companies; returns whether there may be more."""
        begun = await begin_days(self._engine)
        self._live.mark(begun)
        return bool(begun)
