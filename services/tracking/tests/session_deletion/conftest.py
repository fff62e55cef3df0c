"""A company with one person and two devices, and the steps that tests can take with them."""

import base64
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.ids import new_id
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from tracker_client import Desktop, stamp
from tracking.checking.use_cases.reconcile import reconcile
from tracking.checking.use_cases.recount import recount_days
from tracking.clock.rules.unix_time import SECOND
from tracking.company.use_cases.change_time_zone import change_time_zone
from tracking.db.store.scope import companies_scope, company_scope
from tracking.devices.store import devices
from tracking.ingest.fastpath.store.packing import Packer, Upload
from tracking.ingest.fastpath.store.writer import IngestWriter
from tracking.ingest.rules.upload_reader import ActivityClaim, Report, UsageSpan
from tracking.ingest.store import records
from tracking.maintenance import UnlimitedSeats
from tracking.people.use_cases import set_up_company
from tracking.publishing.messages import company_month_event
from tracking.reports import store as reports
from tracking.screenshots.store import screenshots
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.store.screenshots import Screenshot
from tracking.session_deletion import store as session_deletion
from tracking.session_deletion.use_cases import delete_session
from tracking.sessions.store import heartbeats, sessions
from tracking.totals.rules.timeline import ActivityKind
from tracking.totals.store import company_days, employee_days, fold_queue
from tracking.totals.use_cases import fold_company

RECOUNT = partial(recount_days, encode=company_month_event)

BYTES = 100  # of a screenshot
Totals = dict[date, Counter[str]]


def moment(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


@dataclass(frozen=True)
class Counted:
    """What the company sees after a reconciliation without differences; days that have nothing are not there."""

    person: Totals
    company: Totals
    active_days: set[date]
    names_in_use: int
    storage_bytes: int


class Workplace:
    """Moments are Unix seconds; a session is known by its place in the order in which they were begun."""

    def __init__(
        self, engine: AsyncEngine, heartbeat: AsyncEngine, writer: IngestWriter, pictures: PictureStore
    ) -> None:
        self._engine, self._heartbeat, self._writer, self._pictures = engine, heartbeat, writer, pictures
        self.company_id = new_id()
        self._device_ids = [new_id(), new_id()]
        self._sessions: list[tuple[UUID, UUID]] = []  # and their devices
        self._uploads: list[Upload] = []

    async def open(self, time_zone: str) -> None:
        about = {"time_zone": time_zone, "name": "Ada", "email": "ada@acme.example", "password": "open sesame tonight"}
        self._employee_id = (
            await set_up_company(self._engine, self.company_id, seats=UnlimitedSeats(), **about)
        ).employee_id
        async with company_scope(self._engine, self.company_id) as tx:
            for device_id in self._device_ids:
                device: dict[str, Any] = {
                    "device_id": device_id,
                    "employee_id": self._employee_id,
                    "token_digest": device_id.bytes,
                }
                await devices.insert(tx, self.company_id, **device, logged_in_at=moment(0))

    async def begin(self, device: int, start: float) -> None:
        session = new_id(), self._device_ids[device]
        whose = {"employee_id": self._employee_id, "device_id": session[1]}
        async with company_scope(self._engine, self.company_id) as tx:
            await records.begin_sessions(tx, self.company_id, **whose, starts={session[0]: moment(start)})
        self._sessions.append(session)

    async def end(self, place: int, at: float) -> None:
        """Its tracker does."""
        async with company_scope(self._engine, self.company_id) as tx:
            await records.end_sessions(tx, {self._sessions[place][0]: moment(at)})

    async def see(self, place: int, at: float) -> None:
        """A heartbeat."""
        async with companies_scope(self._heartbeat, [self.company_id]) as tx:
            await heartbeats.saw_running(tx, [(self.company_id, *self._sessions[place], moment(at))])

    async def end_as_admin(self, place: int) -> None:
        async with company_scope(self._engine, self.company_id) as tx:
            await sessions.end_as_admin(tx, self._sessions[place][0])

    async def fall_silent(self) -> None:
        """All that are open."""
        async with company_scope(self._engine, self.company_id) as tx:
            await sessions.end_silent(tx, timedelta(0))

    async def report(self, device: int, claims: Iterable[tuple[ActivityKind, int, int]]) -> None:
        """The device claims time: kind, end, seconds."""
        rows = [ActivityClaim(new_id().bytes, kind, end * SECOND, seconds) for kind, end, seconds in claims]
        await self._send(Report(activity=rows), device)

    async def use(self, end: int) -> None:
        """An application, of a name of its own, was in front until then."""
        await self._send(Report(usage=[UsageSpan(new_id().bytes, "a", end * SECOND, 9, new_id().hex, "d")]), 0)

    async def send_again(self, place: int) -> None:
        if self._uploads:
            await self._writer.write([self._uploads[place % len(self._uploads)]])

    async def shoot(self, place: int, at: int) -> bool:
        """A screenshot of the session, if it is not deleted."""
        taken = Screenshot(new_id(), self._employee_id, self._sessions[place][0], moment(at), 16, 9, BYTES)
        async with company_scope(self._engine, self.company_id) as tx:
            if not await sessions.lock_unless_deleted(tx, taken.session_id):
                return False
            await screenshots.insert(tx, self.company_id, taken, moment(at))
            await screenshots.take_storage(tx, self.company_id, BYTES, quota=10**6)
            about: dict[str, Any] = {"kind": fold_queue.SCREENSHOT, "at": moment(at), "employee_id": self._employee_id}
            await fold_queue.append(tx, self.company_id, **about)
        return True

    async def delete(self, place: int, now: float) -> None:
        async with company_scope(self._engine, self.company_id) as tx:
            session = await sessions.find(tx, self._sessions[place][0])
        assert session is not None
        about: dict[str, Any] = {"deleted_by": self._employee_id, "encode": company_month_event, "now": moment(now)}
        await delete_session(self._engine, self._pictures, self.company_id, session.number, **about)

    async def erase_late_use(self) -> None:
        async with company_scope(self._engine, self.company_id) as tx:
            await session_deletion.erase_late_rows(tx, moment(0))

    async def move(self, zone: str) -> None:
        await change_time_zone(self._engine, self.company_id, zone, RECOUNT)

    async def fold(self) -> None:
        await fold_company(self._engine, self.company_id, company_month_event)

    async def counted(self) -> Counted:
        assert (await reconcile(self._engine, self.company_id, company_month_event)).differences == []
        async with company_scope(self._engine, self.company_id) as tx:
            people, company = await employee_days.everything(tx), await company_days.read(tx, date.min, date.max)
            span = moment(0), moment(2**33)
            top = await reports.top(tx, [self._employee_id], "a", *span, limit=1000)
            stored, takes = await screenshots.storage(tx)
        assert stored == takes
        return Counted(
            _by_day((day, totals) for (_whose, day), totals in people.items()),
            _by_day((row.day, row) for row in company),
            {row.day for row in company if row.employees_active},
            len(top),
            stored,
        )

    async def _send(self, report: Report, device: int) -> None:
        self._uploads.append(Packer(self.company_id, self._employee_id, self._device_ids[device]).pack(report))
        await self._writer.write(self._uploads[-1:])


def _by_day(found: Iterable[tuple[date, Any]]) -> Totals:
    names: Mapping[str, str] = {"active": "active_seconds", "idle": "idle_seconds"}
    days = {
        day: Counter({name: getattr(row, names.get(name, name)) for name in (*names, "sessions", "screenshots")})
        for day, row in found
    }
    return {day: +totals for day, totals in days.items() if any(totals.values())}


@pytest.fixture(scope="session")
async def new_workplace(
    engine: AsyncEngine, heartbeat: AsyncEngine, environment: dict[str, str], pictures: PictureStore
) -> AsyncIterator[Callable[[str], Awaitable[Workplace]]]:
    """`await new_workplace(time_zone)` is one where nothing has happened."""
    writer = IngestWriter(environment["TRACKING_INGEST_DATABASE_URL"])

    async def create(time_zone: str) -> Workplace:
        workplace = Workplace(engine, heartbeat, writer, pictures)
        await workplace.open(time_zone)
        return workplace

    yield create
    await writer.close()


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Any:
    return await new_tenant()


@pytest.fixture
def photograph() -> Callable[[Desktop, str, datetime], Awaitable[str]]:
    """`await photograph(desktop, colour, at)`: what the gateway says to a picture of its session."""

    async def photograph(desktop: Desktop, colour: str, at: datetime) -> str:
        assert desktop.account is not None
        file = BytesIO()
        Image.new("RGB", (64, 36), colour).save(file, "PNG")
        body = {"active_token": desktop.account.token, "work_session_id": desktop.session_id}
        body |= {"capture_time": stamp(at), "photo": base64.b64encode(file.getvalue()).decode()}
        reply = await desktop.client.post("screenshot/upload", body)
        assert reply.ok
        message: str = reply.fields["message"]
        return message

    return photograph


@pytest.fixture
def delete(
    engine: AsyncEngine, pictures: PictureStore, tenant: Tenant, stored: ReadRows
) -> Callable[..., Awaitable[None]]:
    """`await delete(number)`, by the company's admin; `by` another picture store."""

    async def delete(number: Any, *, by: PictureStore = pictures, now: datetime | None = None) -> None:
        [admin] = [row for row in await stored("employee", tenant.company_id) if row["role"] == "ADMIN"]
        about = {"deleted_by": admin["employee_id"], "encode": company_month_event, "now": now or datetime.now(UTC)}
        await delete_session(engine, by, tenant.company_id, int(number), **about)

    return delete
