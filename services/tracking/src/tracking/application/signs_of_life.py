"""When sessions and companies were last heard of, noted in memory and written together every few seconds."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.store import records, sessions
from tracking.store.scope import company_scope

Tell = Callable[[Mapping[UUID, datetime]], Awaitable[None]]


class SignsOfLife:
    """What a crash loses is a few seconds of signs, never a row."""

    def __init__(self, engine: AsyncEngine, tell: Tell) -> None:
        """`tell` tells tenancy when companies were last heard of."""
        self._engine = engine
        self._tell = tell
        self._sessions: dict[tuple[int, int], datetime] = {}  # by the integer of the company's id, and number
        self._running: dict[UUID, dict[UUID, tuple[UUID, datetime]]] = defaultdict(dict)
        self._companies: dict[int, datetime] = {}

    def company(self, company_id: UUID, now: datetime) -> None:
        """A tracker of the company called."""
        self._companies[company_id.int] = now

    def session(self, company_id: UUID, number: int, now: datetime) -> None:
        """A session is alive."""
        self._sessions[company_id.int, number] = now

    def running(self, company_id: UUID, session_id: UUID, device_id: UUID, now: datetime) -> None:
        """An agent says that a session of its device is running."""
        self._running[company_id][session_id] = device_id, now

    async def write_sessions(self) -> bool:
        """Writes the sessions' signs, one transaction a company."""
        heard, self._sessions = self._sessions, {}
        seen: dict[UUID, dict[int, datetime]] = defaultdict(dict)
        for (company, number), at in heard.items():
            seen[UUID(int=company)][number] = at
        running, self._running = self._running, defaultdict(dict)
        for company_id in seen.keys() | running.keys():
            async with company_scope(self._engine, company_id) as tx:
                if numbers := seen.get(company_id):
                    await sessions.saw(tx, numbers)
                if ids := running.get(company_id):
                    await records.saw_running(tx, ids)
        return False

    async def report_companies(self) -> bool:
        """Tells tenancy, in one call; what could not be told is told the next time."""
        heard, self._companies = self._companies, {}
        try:
            if heard:
                await self._tell({UUID(int=company): at for company, at in heard.items()})
        except BaseException:
            self._companies = heard | self._companies
            raise
        return False
