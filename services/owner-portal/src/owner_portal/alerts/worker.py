"""Evaluates alerts about once a minute, sends digests, and counts open alerts for the bell."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.alerts.use_cases import count_open_alerts, evaluate_alerts, send_digests
from servicekit.lifecycle import repeat

LOOK_PAUSE = 10.0  # shorter than a turn: when the process that looked dies, another follows soon
COUNT_PAUSE = 3.0


class AlertFeed:
    """One per process. One of them evaluates; each counts for its own pages."""

    def __init__(self, engine: AsyncEngine, *, portal_url: str) -> None:
        """`portal_url` begins the links in e-mails. `open` is the number beside the bell, a few seconds old."""
        self._engine = engine
        self._portal_url = portal_url
        self.open = 0

    async def look(self) -> None:
        """Runs until cancelled."""
        await repeat("look for alerts", self.look_step, idle=LOOK_PAUSE)

    async def follow_count(self) -> None:
        """Runs until cancelled."""
        await repeat("count alerts", self.count_step, idle=COUNT_PAUSE)

    async def look_step(self) -> bool:
        """Evaluates once, unless another process just did."""
        changed = await evaluate_alerts(self._engine)
        if changed is not None:
            await send_digests(self._engine, portal_url=self._portal_url)
            await self.count_step()
        return False

    async def count_step(self) -> bool:
        """Counts the open alerts."""
        self.open = await count_open_alerts(self._engine)
        return False
