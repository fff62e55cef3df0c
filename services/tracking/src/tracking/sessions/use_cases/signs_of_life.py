"""When sessions and companies were last heard of, noted in memory and written together every few seconds."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.db.store.scope import companies_scope, some_at_once
from tracking.sessions.store import heartbeats

Tell = Callable[[Mapping[UUID, datetime]], Awaitable[None]]


class SignsOfLife:
    """What a crash loses is a few seconds of signs, never a row."""

    def __init__(self, engine: AsyncEngine, tell: Tell) -> None:
        """`engine` is of the role for heartbeats; `tell` tells tenancy when companies were last heard of."""
        self._engine = engine
        self._tell = tell
        # By the integer of the company's id: each upload notes, and a UUID hashes and compares in Python.
        self._companies: dict[int, datetime] = {}
        self._sessions: dict[tuple[int, int], datetime] = {}
        self._running: dict[tuple[int, UUID], tuple[UUID, datetime]] = {}

    def company(self, company_id: UUID, now: datetime) -> None:
        """A tracker of the company called."""
        self._companies[company_id.int] = now

    def session(self, company_id: UUID, number: int, now: datetime) -> None:
        """A session is alive."""
        self._sessions[company_id.int, number] = now

    def running(self, company_id: UUID, session_id: UUID, device_id: UUID, now: datetime) -> None:
        """An agent says that a session of its device is running."""
        self._running[company_id.int, session_id] = device_id, now

    async def write_sessions(self) -> bool:
        """Writes the sessions' signs, those of many companies in a transaction."""
        sessions: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
        running: dict[int, list[tuple[UUID, UUID, datetime]]] = defaultdict(list)
        for (company, number), at in self._sessions.items():
            sessions[company].append((number, at))
        for (company, session_id), (device_id, at) in self._running.items():
            running[company].append((session_id, device_id, at))
        self._sessions, self._running = {}, {}
        for ids in some_at_once(sessions.keys() | running.keys()):
            async with companies_scope(self._engine, ids) as tx:
                await heartbeats.saw_sessions(tx, [(i, *sign) for i in ids for sign in sessions[i.int]])
                await heartbeats.saw_running(tx, [(i, *sign) for i in ids for sign in running[i.int]])
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
