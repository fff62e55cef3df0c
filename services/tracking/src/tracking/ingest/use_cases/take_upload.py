"""Takes a tracker's upload: the rows are read and made durable before the tracker gets its response."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotFound
from tracking.clock.rules.desktop_clocks import clock_offset
from tracking.clock.rules.unix_time import microsecond_of, microseconds, moment_of
from tracking.db.store.scope import company_scope
from tracking.devices.store import devices
from tracking.devices.store.devices import Device
from tracking.ingest.fastpath.store.packing import Packer, Upload
from tracking.ingest.rules.clock_steps import TickOrder
from tracking.ingest.rules.upload_reader import Report, Stored, UploadReader
from tracking.ingest.use_cases.group_commit import Answered, GroupCommit
from tracking.sessions.store import sessions

MAX_ROWS_AT_ONCE = 500  # an upload with more rows is read in another process, so that other calls do not wait
CAPACITY = 250_000  # sessions
DESKTOPS = 20_000


ReadAgain = Callable[[timedelta], Awaitable[tuple[Report, Sequence[Upload]]]]
"""Reads a large upload with the clock offsets after and before a clock step."""


class RowLists(Protocol):
    """The rows of an upload, in the order in which they were recorded.

    A row is one of `ingest.rules.rows`, or as it came if its types are unexpected.
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
    """A device with its reader and packer."""

    device: Device
    reader: UploadReader
    packer: Packer
    order: TickOrder = field(default_factory=TickOrder)

    def read(self, rows: RowLists, received_at: datetime, *, reader: UploadReader | None = None) -> Report:
        """The report of the rows; `reader` replaces the device's own."""
        return (reader or self.reader).read(
            applications=rows.applications,
            websites=rows.websites,
            activities=rows.activities,
            received_at=received_at,
        )

    def clock_shown(self, report: Report, session_start: int) -> int | None:
        """What the clock shows now (Unix time in microseconds), if the report proves a clock step; else None."""
        if report.ahead is not None:
            return report.ahead
        placed = self.order.shown(report, session_start=session_start, received=report.received)
        return None if placed is None else placed - microseconds(self.device.clock_offset)


_stored = lru_cache(maxsize=1024)(Stored)  # most are equal


class UploadTaker:
    """Takes uploads. It caches the employee and start of sessions, which never change, so an upload needs no query."""

    def __init__(
        self, engine: AsyncEngine, commit: GroupCommit, forget: Callable[[Device], None] | None = None
    ) -> None:
        """`forget` is called for a device after a clock step; without it the database's notification has the same
        effect.
        """
        self._engine = engine
        self._commit = commit
        self._forget = forget
        # Employee and start by company and number; ids are integers, since a UUID hashes and compares in Python.
        self._sessions: OrderedDict[tuple[int, int], tuple[int, int]] = OrderedDict()
        self._desktops: dict[int, _Desktop] = {}  # keyed by the integer of the device's id

    def check_admission(self, company_id: UUID) -> None:
        """RateLimited: the company has too many uploads in progress."""
        self._commit.check_admission(company_id)

    async def take(
        self, company_id: UUID, device: Device, session: int, rows: RowLists, *, received_at: datetime
    ) -> Stored:
        """Returns once every row is durable, counted or quarantined. At most `MAX_ROWS_AT_ONCE` rows.

        NotFound: as in `check_session`.
        """
        started = await self.check_session(company_id, device, session)
        desktop = self._desktop(company_id, device)
        report = desktop.read(rows, received_at)
        shown = desktop.clock_shown(report, started)
        if shown is not None:
            offset = await self._measure(company_id, device, moment_of(shown), received_at)
            report = desktop.read(rows, received_at, reader=_reader_of_both(device, offset))
        desktop.order.note(report)
        upload = desktop.packer.pack(report)
        if upload.rows:
            await self._commit.store(upload)
        return _stored(upload.rows, len(upload.quarantined))

    async def check_session(self, company_id: UUID, device: Device, session: int) -> int:
        """The start of the session, as Unix time in microseconds. NotFound: it is no session of the device's employee.

        The session may have ended: rows arrive late, and counting depends on the employee, not on the session.
        """
        found = await self._session(company_id, session)
        if found is None or found[0] != device.employee_id.int:
            raise NotFound("Unknown work session; start a new one")
        return found[1]

    async def take_parts(
        self,
        company_id: UUID,
        device: Device,
        session: int,
        first: tuple[Report, Sequence[Upload]],
        read: ReadAgain,
        *,
        received_at: datetime,
    ) -> Stored:
        """Stores a large upload that another process has read and packed; returns once every row is durable.

        `first`: its claims and its parts. If they prove a clock step, `read` reads it again. Each part is a transaction
        of its own. If one fails, the tracker repeats the upload, and stored rows are recognised by their ids. NotFound:
        as in `check_session`.
        """
        started = await self.check_session(company_id, device, session)
        desktop = self._desktop(company_id, device)
        report, parts = first
        shown = desktop.clock_shown(report, started)
        if shown is not None:
            report, parts = await read(await self._measure(company_id, device, moment_of(shown), received_at))
        desktop.order.note(report)
        for part in parts:
            await self._commit.store(part)
        return Stored(sum(part.rows for part in parts), sum(len(part.quarantined) for part in parts))

    async def _measure(self, company_id: UUID, device: Device, shown: datetime, received_at: datetime) -> timedelta:
        """Stores the offset of a clock that shows this now."""
        offset = clock_offset(shown, received_at, known=device.clock_offset)
        if offset != device.clock_offset:
            async with company_scope(self._engine, company_id) as tx:
                await devices.set_clock_offset(tx, device.device_id, offset)
            if self._forget:
                self._forget(device)
        return offset

    def take_at_once(
        self,
        company_id: UUID,
        device: Device,
        session: int,
        rows: RowLists,
        *,
        received_at: datetime,
        answered: Answered,
    ) -> Stored | None:
        """Does the same without waiting for anything but the COMMIT. None, with no effect: something else has to be
        awaited.
        """
        found = self._sessions.get((company_id.int, session))
        if found is None or found[0] != device.employee_id.int or not 0 < _count(rows) <= MAX_ROWS_AT_ONCE:
            return None
        desktop = self._desktop(company_id, device)
        report = desktop.read(rows, received_at)
        if desktop.clock_shown(report, found[1]) is not None:
            return None
        desktop.order.note(report)
        upload = desktop.packer.pack(report)
        self._commit.submit(upload, answered)
        return _stored(upload.rows, len(upload.quarantined))

    def _desktop(self, company_id: UUID, device: Device) -> _Desktop:
        found = self._desktops.get(device.device_id.int)
        if found is None or found.device is not device:
            if len(self._desktops) >= DESKTOPS:
                self._desktops.clear()  # cheap to create again
            reader = UploadReader(
                device.employee_id, logged_in_at=device.logged_in_at, clock_offset=device.clock_offset
            )
            packer = Packer(company_id, device.employee_id, device.device_id)
            order = found.order if found else TickOrder()
            found = self._desktops[device.device_id.int] = _Desktop(device, reader, packer, order)
        return found

    async def _session(self, company_id: UUID, number: int) -> tuple[int, int] | None:
        """The session's employee and start; None if there is no such session."""
        key = company_id.int, number
        known = self._sessions.get(key)
        if known is None:
            async with company_scope(self._engine, company_id) as tx:
                session = await sessions.by_number(tx, number)
            if session is None:
                return None
            if len(self._sessions) >= CAPACITY:
                self._sessions.popitem(last=False)
            known = self._sessions[key] = session.employee_id.int, microsecond_of(session.started_at)
        return known


def _reader_of_both(device: Device, offset: timedelta) -> UploadReader:
    """A reader for an upload with rows from before and after a clock step to `offset`."""
    return UploadReader(
        device.employee_id,
        logged_in_at=device.logged_in_at,
        clock_offset=offset,
        offset_before=device.clock_offset,
    )


def _count(rows: RowLists) -> int:
    return len(rows.applications) + len(rows.websites) + len(rows.activities)
