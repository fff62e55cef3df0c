"""Collects heartbeats of sessions and companies in memory and writes them together every few seconds."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.db.store.scope import companies_scope, some_at_once
from tracking.sessions.store import heartbeats

Tell = Callable[[Mapping[UUID, datetime]], Awaitable[None]]


class Heartbeats:
    """A crash loses a few seconds of heartbeats, never a row."""

    def __init__(self, engine: AsyncEngine, tell: Tell) -> None:
        """`engine` has the heartbeat role; `tell` reports to tenancy when companies were last active."""
        self._engine = engine
        self._tell = tell
        # Keyed by the integer of the company's id: each upload writes here, and a UUID hashes and compares in Python.
        self._companies: dict[int, datetime] = {}
        self._sessions: dict[tuple[int, int], datetime] = {}
        self._running: dict[tuple[int, UUID], tuple[UUID, datetime]] = {}

    def company(self, company_id: UUID, now: datetime) -> None:
        """Records a call of the company."""
        self._companies[company_id.int] = now

    def session(self, company_id: UUID, number: int, now: datetime) -> None:
        """Records a heartbeat of a tracker's session."""
        self._sessions[company_id.int, number] = now

    def running(self, company_id: UUID, session_id: UUID, device_id: UUID, now: datetime) -> None:
        """Records that an agent reports a session of its device as running."""
        self._running[company_id.int, session_id] = device_id, now

    async def write_sessions(self) -> bool:
        """Writes the sessions' heartbeats, many companies in a transaction."""
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
        """Reports the companies to tenancy in one call; after a failure the next call includes them."""
        heard, self._companies = self._companies, {}
        try:
            if heard:
                await self._tell({UUID(int=company): at for company, at in heard.items()})
        except BaseException:
            self._companies = heard | self._companies
            raise
        return False
