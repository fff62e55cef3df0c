"""What changes by itself: a company's day begins, a subscription's period ends."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.usage.use_cases.begin_days import begin_days, end_periods
from owner_portal.web.live import Live
from servicekit.lifecycle import forever

DAY_PAUSE = 5.0
PERIOD_PAUSE = 2.0


class Calendar:
    """One a process; several share the work of a midnight."""

    def __init__(self, engine: AsyncEngine, live: Live) -> None:
        self._engine = engine
        self._live = live

    async def follow_days(self) -> None:
        """Runs until cancelled."""
        await forever("begin days", self.days_step, idle=DAY_PAUSE)

    async def follow_periods(self) -> None:
        """Runs until cancelled."""
        await forever("end periods", self.periods_step, idle=PERIOD_PAUSE)

    async def days_step(self) -> bool:
        """Moves one batch of companies on; says whether there may be more."""
        begun = await begin_days(self._engine)
        self._live.mark(begun)
        return bool(begun)

    async def periods_step(self) -> bool:
        """Never says that there is more: one step marks them all."""
        self._live.mark(await end_periods(self._engine))
        return False
