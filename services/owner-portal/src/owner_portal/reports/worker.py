"""Refreshes the earlier revenue that the dashboard compares with."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.reports.client import RevenueClient
from owner_portal.reports.rules.revenue import Figure, Movement
from owner_portal.reports.use_cases import PAGE, keep_earlier_revenue
from servicekit.lifecycle import repeat

PAUSE = 600.0


class RevenueFeed:
    """One a process."""

    def __init__(self, engine: AsyncEngine, revenue: RevenueClient) -> None:
        self._engine = engine
        self._revenue = revenue

    async def follow(self) -> None:
        """Runs until cancelled."""
        await repeat("follow revenue", self.step, idle=PAUSE)

    async def step(self) -> bool:
        """Refreshes it once."""
        await keep_earlier_revenue(self._engine, report=self._revenue.report, movements=self._movements)
        return False

    async def _movements(self, month: date, figure: Figure, after_revision: int) -> Sequence[Movement]:
        return await self._revenue.movements(month, 1, figure, after_revision=after_revision, limit=PAGE)
