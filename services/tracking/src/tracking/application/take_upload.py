"""An upload of the tracker: made safe, stored durably, answered after that."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotFound
from tracking.application.group_commit import Answered, GroupCommit
from tracking.domain.reports import Reader
from tracking.store import sessions
from tracking.store.devices import Device
from tracking.store.packing import Packer, Upload
from tracking.store.scope import company_scope

MAX_ROWS_AT_ONCE = 500  # an upload with more rows is read in another process: others must not wait for it
CAPACITY = 250_000  # sessions
DESKTOPS = 20_000


class Rows(Protocol):
    """What was uploaded, in the order in which it was recorded.

    A row is one of `domain.rows`, or as it came when its types are odd.
    """

    @property
    def applications(self) -> Sequence[Any]:
        """Uses of applications."""

    @property
    def websites(self) -> Sequence[Any]:
        """Uses of websites."""

    @property
    def activities(self) -> Sequence[Any]:
        """Claims of time."""


@dataclass(frozen=True, slots=True)
class _Desktop:
    """A device, and what reads its rows and packs them."""

    device: Device
    reader: Reader
    packer: Packer

    def read(self, rows: Rows, received_at: datetime) -> Upload:
        """The rows, made safe and packed."""
        return self.packer.pack(
            self.reader.read(
                applications=rows.applications,
                websites=rows.websites,
                activities=rows.activities,
                received_at=received_at,
            )
        )


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
        # By company and number the employee, of ids the integers: a UUID hashes and compares in Python.
        self._session_owner: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._desktops: dict[int, _Desktop] = {}  # by the integer of the device's id

    def check_room(self, company_id: UUID) -> None:
        """RateLimited: there is no room for an upload of this company now."""
        self._commit.check_room(company_id)

    async def take(
        self, company_id: UUID, device: Device, session: int, rows: Rows, *, received_at: datetime
    ) -> Stored:
        """Returns once every row is durable, counted or quarantined. At most `MAX_ROWS_AT_ONCE` rows.

        NotFound: as of `check_session`.
        """
        await self.check_session(company_id, device, session)
        upload = self._desktop(company_id, device).read(rows, received_at)
        if upload.rows:
            await self._commit.store(upload)
        return _stored(upload.rows, len(upload.quarantined))

    async def check_session(self, company_id: UUID, device: Device, session: int) -> None:
        """NotFound: not a session of the device's employee.

        The session may have ended: rows travel late, and counting asks for the employee, not for the session.
        """
        if await self._owner(company_id, session) != device.employee_id.int:
            raise NotFound("Unknown work session; start a new one")

    async def take_parts(self, parts: Sequence[Upload]) -> Stored:
        """Stores a large upload, whose rows have been read and packed; returns once every row is durable.

        Each part is a transaction of its own. Where one fails, the upload comes again, and what is stored of it is
        known by its rows' ids.
        """
        for part in parts:
            await self._commit.store(part)
        return Stored(sum(part.rows for part in parts), sum(len(part.quarantined) for part in parts))

    def take_at_once(
        self, company_id: UUID, device: Device, session: int, rows: Rows, *, received_at: datetime, answered: Answered
    ) -> Stored | None:
        """The same, where nothing has to be waited for but the COMMIT; None, and nothing was done, where it has."""
        owner = self._session_owner.get((company_id.int, session))
        if owner != device.employee_id.int or not 0 < _count(rows) <= MAX_ROWS_AT_ONCE:
            return None
        upload = self._desktop(company_id, device).read(rows, received_at)
        self._commit.submit(upload, answered)
        return _stored(upload.rows, len(upload.quarantined))

    def _desktop(self, company_id: UUID, device: Device) -> _Desktop:
        found = self._desktops.get(device.device_id.int)
        if found is None or found.device is not device:
            if len(self._desktops) >= DESKTOPS:
                self._desktops.clear()  # they are quickly made anew
            reader = Reader(device.employee_id, logged_in_at=device.logged_in_at, clock_offset=device.clock_offset)
            packer = Packer(company_id, device.employee_id, device.device_id)
            found = self._desktops[device.device_id.int] = _Desktop(device, reader, packer)
        return found

    async def _owner(self, company_id: UUID, number: int) -> int | None:
        key = company_id.int, number
        owner = self._session_owner.get(key)
        if owner is None:
            async with company_scope(self._engine, company_id) as tx:
                session = await sessions.by_number(tx, number)
            if session is None:
                return None
            if len(self._session_owner) >= CAPACITY:
                self._session_owner.popitem(last=False)
            owner = self._session_owner[key] = session.employee_id.int
        return owner


def _count(rows: Rows) -> int:
    return len(rows.applications) + len(rows.websites) + len(rows.activities)
