"""An upload of the tracker: made safe, stored durably, answered after that."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotFound
from servicekit.ids import new_id
from tracking.application.group_commit import GroupCommit
from tracking.domain.reports import Report, read_report
from tracking.store import sessions
from tracking.store.devices import Device
from tracking.store.ingest import Upload
from tracking.store.scope import company_scope

ROWS_IN_LINE = 500  # a larger upload is read in a thread, so that nobody waits behind a day's worth of rows
CAPACITY = 100_000


class UploadTaker:
    """Remembers whose sessions are: that never changes, so an upload asks the database nothing."""

    def __init__(self, engine: AsyncEngine, commit: GroupCommit) -> None:
        self._engine = engine
        self._commit = commit
        self._session_owner: dict[tuple[UUID, int], UUID] = {}

    async def take(
        self,
        company_id: UUID,
        device: Device,
        *,
        session_number: int,
        applications: Sequence[Any],
        websites: Sequence[Any],
        activities: Sequence[Any],
        received_at: datetime,
    ) -> Report:
        """Returns once every row is durable, counted or quarantined. NotFound: not a session of this employee.

        The session may have ended: rows travel late, and counting asks for the employee, not for the session.
        """
        if await self._owner(company_id, session_number) != device.employee_id:
            raise NotFound("Unknown work session; start a new one")

        def read() -> Report:
            return read_report(
                employee_id=device.employee_id,
                applications=applications,
                websites=websites,
                activities=activities,
                logged_in_at=device.logged_in_at,
                clock_offset=device.clock_offset,
                received_at=received_at,
            )

        large = len(applications) + len(websites) + len(activities) > ROWS_IN_LINE
        report = await asyncio.to_thread(read) if large else read()
        if len(report):
            await self._commit.store(Upload(new_id(), company_id, device.employee_id, device.device_id, report))
        return report

    async def _owner(self, company_id: UUID, number: int) -> UUID | None:
        key = company_id, number
        owner = self._session_owner.get(key)
        if owner is None:
            async with company_scope(self._engine, company_id) as tx:
                session = await sessions.by_number(tx, number)
            if session is None:
                return None
            if len(self._session_owner) >= CAPACITY:
                self._session_owner.clear()
            owner = self._session_owner[key] = session.employee_id
        return owner
