"""An upload of the tracker: made safe, stored durably, answered after that."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotFound
from tracking.application.group_commit import Answered, GroupCommit
from tracking.domain.reports import read_report
from tracking.store import sessions
from tracking.store.devices import Device
from tracking.store.packing import Upload, pack
from tracking.store.scope import company_scope

ROWS_IN_LINE = 500  # a larger upload is read in a thread, so that nobody waits behind a day's worth of rows
CAPACITY = 250_000


@dataclass(slots=True)
class Rows:
    """What was uploaded when, by whose desktop. A row is one of `domain.rows`, or as it came when its types are odd."""

    company_id: UUID
    device: Device
    session_number: int
    applications: Sequence[Any]
    websites: Sequence[Any]
    activities: Sequence[Any]
    received_at: datetime

    def __len__(self) -> int:
        return len(self.applications) + len(self.websites) + len(self.activities)

    def read(self) -> Upload:
        """The rows, made safe and packed."""
        report = read_report(
            employee_id=self.device.employee_id,
            applications=self.applications,
            websites=self.websites,
            activities=self.activities,
            logged_in_at=self.device.logged_in_at,
            clock_offset=self.device.clock_offset,
            received_at=self.received_at,
        )
        return pack(self.company_id, self.device.employee_id, self.device.device_id, report)


class Stored(NamedTuple):
    """How many rows are stored, or will be once that is answered; and how many of them in quarantine."""

    rows: int
    quarantined: int


_stored = lru_cache(maxsize=1024)(Stored)  # most are alike


class UploadTaker:
    """Remembers whose sessions are: that never changes, so an upload asks the database nothing."""

    def __init__(self, engine: AsyncEngine, commit: GroupCommit) -> None:
        self._engine = engine
        self._commit = commit
        self._session_owner: OrderedDict[tuple[int, int], UUID] = OrderedDict()

    def check_room(self, company_id: UUID) -> None:
        """RateLimited: there is no room for an upload of this company now."""
        self._commit.check_room(company_id)

    async def take(self, rows: Rows) -> Stored:
        """Returns once every row is durable, counted or quarantined. NotFound: not a session of this employee.

        The session may have ended: rows travel late, and counting asks for the employee, not for the session.
        """
        if await self._owner(rows.company_id, rows.session_number) != rows.device.employee_id:
            raise NotFound("Unknown work session; start a new one")
        upload = await asyncio.to_thread(rows.read) if len(rows) > ROWS_IN_LINE else rows.read()
        if upload.rows:
            await self._commit.store(upload)
        return _stored(upload.rows, len(upload.quarantined))

    def take_at_once(self, rows: Rows, answered: Answered) -> Stored | None:
        """The same, where nothing has to be waited for but the COMMIT; None, and nothing was done, where it has."""
        owner = self._session_owner.get((rows.company_id.int, rows.session_number))
        if owner != rows.device.employee_id or not 0 < len(rows) <= ROWS_IN_LINE:
            return None
        upload = rows.read()
        self._commit.submit(upload, answered)
        return _stored(upload.rows, len(upload.quarantined))

    async def _owner(self, company_id: UUID, number: int) -> UUID | None:
        key = company_id.int, number
        owner = self._session_owner.get(key)
        if owner is None:
            async with company_scope(self._engine, company_id) as tx:
                session = await sessions.by_number(tx, number)
            if session is None:
                return None
            if len(self._session_owner) >= CAPACITY:
                self._session_owner.popitem(last=False)
            owner = self._session_owner[key] = session.employee_id
        return owner
