"""Whatever happens to sessions, devices, clocks and replies: no second that was acknowledged is lost without a word.

Each is counted once, quarantined with its reason, or deleted with its session. Two desktops and an agent of one person
work, upload, lose replies, crash, have their clocks set, send old rows again, are suspended and come back, while an
admin ends and deletes sessions. `TENANTRY_HISTORIES=10000` plays as many histories as that.
"""

import ast
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Conflict, NotFound
from services.tracking.tests.fixtures.gateway import Clock, NewTracker
from services.tracking.tests.fixtures.platform import ChangeAccess, NewTenant
from services.tracking.tests.sessions.history_steps import (
    AGENT,
    DESKTOPS,
    Again,
    Begin,
    ByAdmin,
    Pass,
    Platform,
    Send,
    SetClock,
    Stop,
    Work,
    steps,
)
from tracker_client import Desktop, NativeAgent
from tracker_client.rows import Upload
from tracking.checking.use_cases.reconcile import reconcile
from tracking.gateway.api.context import Gateway
from tracking.maintenance import UnlimitedSeats
from tracking.people.use_cases import add_employee
from tracking.publishing.messages import company_month_event
from tracking.screenshots.store.pictures import PictureStore
from tracking.session_deletion.use_cases import delete_session
from tracking.sessions.use_cases.lifecycle import end_session_as_admin, end_silent_sessions

HISTORIES = int(os.environ.get("TENANTRY_HISTORIES", "25"))
A_COMPANY = 50  # histories, each of a person of its own

COUNTED = text("""
    SELECT coalesce(sum((SELECT sum(upper(r) - lower(r)) FROM unnest(active) r)), 0),
        coalesce(sum((SELECT sum(upper(r) - lower(r)) FROM unnest(idle) r)), 0),
        coalesce(sum((SELECT sum(upper(r) - lower(r)) FROM unnest((active + idle) * deleted) r)), 0)
    FROM device_hour WHERE company_id = :company_id AND device_id = :device_id
""")
SESSIONS = text("SELECT * FROM work_session WHERE company_id = :company_id AND employee_id = :employee_id")
DEVICES = text("SELECT device_id FROM device WHERE company_id = :company_id AND employee_id = :employee_id")
SET_ASIDE = text("SELECT payload FROM quarantine WHERE company_id = :company_id AND employee_id = :employee_id")


@dataclass
class Seat:
    """A device as its history knows it: what it recorded in which session, how much of that was taken."""

    recorded: Counter[str] = field(default_factory=Counter)  # seconds by kind
    of_session: Counter[str] = field(default_factory=Counter)  # seconds by the session in which they were recorded
    taken: Counter[str] = field(default_factory=Counter)  # and how many of them the platform was sent
    refused: int = 0  # seconds of which an agent was told that they are not taken
    session: str | None = None
    was_set: bool = False


@dataclass
class Place:
    """Where histories are played: a company, and the platform around it."""

    tenant: Any
    engine: Any
    dispatch: Any
    superuser: Any
    pictures: Any
    gateway: Any
    clock: Any
    tracker: Any
    native_client: Any
    suspend: Any
    reactivate: Any
    employee_id: UUID | None = None


class History:
    """One person's."""

    def __init__(self, place: Place, email: str, employee_id: UUID) -> None:
        self.place, self.email, self.employee_id = place, email, employee_id
        self.seats = [Seat() for _ in range(DESKTOPS + 1)]
        self.posted: list[list[tuple[Any, Upload]]] = [[] for _ in range(DESKTOPS)]
        self.deleted_of: Counter[int] = Counter()  # by device, seconds that went with sessions
        self.later_deleted: set[str] = set()

    @property
    def now(self) -> datetime:
        moment: datetime = self.place.clock.now
        return moment

    async def open(self) -> None:
        place = self.place
        self.desktops = []
        self.device_ids: list[UUID] = []
        for _ in range(DESKTOPS):
            desktop = Desktop(place.tracker(place.tenant.key), self.now)
            assert await desktop.sign_in(self.email, place.tenant.password)
            self.desktops.append(desktop)
            await self._note_device()
        self.agent = NativeAgent("http://gateway/v1", place.tenant.key, place.native_client)
        assert (await self.agent.enrol(self.email, place.tenant.password)).status_code == 201
        await self._note_device()
        self.agent_wrong = timedelta()

    async def _rows(self, statement: Any, **more: Any) -> list[Any]:
        values = {"company_id": self.place.tenant.company_id, "employee_id": self.employee_id}
        values = {name: value for name, value in values.items() if f":{name}" in str(statement)}
        async with self.place.superuser.connect() as connection:
            return list(await connection.execute(statement, values | more))

    async def _note_device(self) -> None:
        found = {row.device_id for row in await self._rows(DEVICES)}
        self.device_ids += found - set(self.device_ids)

    def _pass(self, seconds: int, *, but: int | None = None) -> None:
        self.place.clock.now += timedelta(seconds=seconds)
        for number, desktop in enumerate(self.desktops):
            if number != but:
                desktop.now += timedelta(seconds=seconds)

    async def play(self, step: Any) -> None:
        match step:
            case Begin(device=device):
                await self._begin(device, lost=step.lost)
            case Work(device=device):
                self._work(device, step.seconds, step.kind)
            case Send(device=device):
                await self._send(device, lost=step.lost)
            case Stop(device=device):
                await self._stop(device, crashes=step.crashes)
            case SetClock(device=device):
                await self._set_clock(device, timedelta(seconds=step.by))
            case Pass():
                self._pass(step.seconds)
            case Again() if self.posted[step.device]:
                session, rows = self.posted[step.device][step.place % len(self.posted[step.device])]
                desktop = self.desktops[step.device]
                await desktop.client.upload_activity(desktop.account, session, rows)
            case ByAdmin():
                await self._by_admin(step.place, deletes=step.deletes)
            case Platform():
                await self._platform(step.what)
            case _:
                pass

    async def _begin(self, device: int, *, lost: bool) -> None:
        self._pass(1)
        seat = self.seats[device]
        if device == AGENT:
            if self.agent.session_id is None:
                seat.session = self.agent.start(self.now + self.agent_wrong)
            return
        desktop = self.desktops[device]
        if desktop.tracking:
            return
        if lost:
            await desktop.client.create_session(desktop.account, desktop.now)
        elif await desktop.start():
            seat.session = str(desktop.session_id)

    def _work(self, device: int, seconds: int, kind: str) -> None:
        seat = self.seats[device]
        if device == AGENT:
            start = self.now + self.agent_wrong
            self._pass(seconds)
            if self.agent.session_id is None:
                return
            end = start + timedelta(seconds=seconds)
            self.agent.record("activity", kind={"ACTIVE": "active", "INACTIVE": "idle"}[kind], start=start, end=end)
        else:
            desktop = self.desktops[device]
            tracks = desktop.tracking
            desktop.tick(seconds, kind)  # type: ignore[arg-type]
            self._pass(seconds, but=device)
            if not tracks:
                return
        seat.recorded[kind] += seconds
        seat.of_session[str(seat.session)] += seconds

    async def _send(self, device: int, *, lost: bool) -> None:
        seat = self.seats[device]
        if device == AGENT:
            await self._sync(lost=lost)
            return
        desktop = self.desktops[device]
        if desktop.session_id is None or not desktop.tables.snapshot().count():
            return
        rows = desktop.tables.snapshot()
        reply = await desktop.client.upload_activity(desktop.account, desktop.session_id, rows)
        if reply.ok:
            self.posted[device].append((desktop.session_id, rows))
            seat.taken = Counter(seat.of_session)
            if not lost:
                desktop.tables.clear()

    async def _sync(self, *, lost: bool) -> None:
        seat, kept = self.seats[AGENT], dict(self.agent.outbox)
        answer = await self.agent.sync(self.now + self.agent_wrong)
        if answer.status_code != 200:
            return
        seat.taken = Counter(seat.of_session)
        if lost:
            self.agent.outbox = kept
            return
        for result in self.agent.results:
            record = kept[result["id"]]
            if record["type"] == "activity" and result["outcome"] == "refused":
                start, end = (datetime.fromisoformat(record[name]) for name in ("start", "end"))
                seat.refused += int((end - start).total_seconds())
        if answer.json()["session_ended"]:
            self.agent.session_id = None

    async def _stop(self, device: int, *, crashes: bool) -> None:
        if device == AGENT:
            if self.agent.session_id is not None:
                if crashes:
                    self.agent.session_id = None
                else:
                    self.agent.stop(self.now + self.agent_wrong)
            return
        desktop = self.desktops[device]
        if crashes:
            desktop.crash()
        else:
            await desktop.stop()

    async def _set_clock(self, device: int, by: timedelta) -> None:
        self.seats[device].was_set = True
        if device == AGENT:
            await self._sync(lost=False)  # an agent sends what it has before it believes another clock
            if not self.agent.outbox:
                self.agent_wrong += by
        else:
            self.desktops[device].now += by

    async def _by_admin(self, place: int, *, deletes: bool) -> None:
        company_id, engine = self.place.tenant.company_id, self.place.engine
        standing = [row for row in await self._rows(SESSIONS) if row.deleted_at is None and row.device_id]
        if not standing:
            return
        row = sorted(standing, key=lambda row: row.begun)[place % len(standing)]
        await self.place.gateway.heartbeats.write_sessions()
        if not deletes:
            try:
                await end_session_as_admin(engine, company_id, row.number)
            except Conflict:
                assert row.ended_at is not None
            return
        about: dict[str, Any] = {"deleted_by": self.employee_id, "encode": company_month_event, "now": self.now}
        await delete_session(engine, self.place.pictures, company_id, row.number, **about)
        with pytest.raises(NotFound):
            await delete_session(engine, self.place.pictures, company_id, row.number, **about)
        device = self.device_ids.index(row.device_id)
        seat = self.seats[device]
        name = str(row.session_id) if device == AGENT else str(row.number)
        if row.ended_by == "TRACKER":
            self.later_deleted.add(f"{device} {name}")  # what arrives later lies within it
        else:
            self.deleted_of[device] += seat.taken[name]

    async def _platform(self, what: str) -> None:
        place = self.place
        if what == "silence":
            await end_silent_sessions(place.engine, place.dispatch)
        elif what == "fold":
            await reconcile(place.engine, place.tenant.company_id, company_month_event)
        else:
            await place.suspend(place.tenant)
            for device in range(DESKTOPS):
                await self._send(device, lost=False)
                await self.desktops[device].poll_session()
            assert (await self.agent.sync(self.now + self.agent_wrong)).status_code == 403
            await place.reactivate(place.tenant)

    async def finish(self) -> None:
        """Everything is sent and acknowledged."""
        for device, desktop in enumerate(self.desktops):
            if desktop.tables.snapshot().count():
                if not desktop.tracking:
                    await self._begin(device, lost=False)
                    self._work(device, 15, "ACTIVE")
                await self._send(device, lost=False)
            assert not desktop.tables.snapshot().count()
        await self._sync(lost=False)
        assert not self.agent.outbox

    async def check(self) -> None:
        found = await reconcile(self.place.engine, self.place.tenant.company_id, company_month_event)
        assert found.differences == []
        running = Counter(row.device_id for row in await self._rows(SESSIONS) if row.ended_at is None)
        assert all(number == 1 for number in running.values()), running
        aside = 0
        for row in await self._rows(SET_ASIDE):
            aside += ast.literal_eval(row.payload)["duration_seconds"]
        missing = 0
        for device, seat in enumerate(self.seats):
            [(active, idle, deleted)] = await self._rows(COUNTED, device_id=self.device_ids[device])
            recorded = seat.recorded
            assert active <= recorded["ACTIVE"], (device, "counted twice")
            assert idle <= recorded["INACTIVE"], (device, "counted twice")
            missing += recorded.total() - seat.refused - active - idle
            if device == AGENT:
                assert (active + idle) == recorded.total() - seat.refused
            gone = self.deleted_of[device] + sum(
                seconds for name, seconds in seat.of_session.items() if f"{device} {name}" in self.later_deleted
            )
            if seat.was_set or aside:
                continue
            assert deleted == gone, (device, "deleted with a session")
        assert missing <= aside, (missing, aside, "lost without a word")


@pytest.fixture
async def begin(
    new_tenant: NewTenant,
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    superuser: AsyncEngine,
    pictures: PictureStore,
    gateway: Gateway,
    native_clock: Clock,
    tracker: NewTracker,
    native_client: httpx.AsyncClient,
    suspend: ChangeAccess,
    reactivate: ChangeAccess,
) -> Callable[[], Awaitable[History]]:
    """`await begin()`: the history of somebody new, in a company that has had few others."""
    numbers = count()
    started = native_clock.now
    place: Place | None = None

    async def begin() -> History:
        nonlocal place
        number = next(numbers)
        if number % A_COMPANY == 0:
            tenant = await new_tenant(people=0)
            around = (gateway, native_clock, tracker, native_client, suspend, reactivate)
            place = Place(tenant, engine, dispatch, superuser, pictures, *around)
        assert place is not None
        native_clock.now = started
        email = f"h{number}@{place.tenant.company_id.hex}.example"
        about = {"seats": UnlimitedSeats(), "name": "Bo", "email": email, "password": place.tenant.password}
        employee = await add_employee(engine, place.tenant.company_id, **about)
        history = History(place, email, employee.employee_id)
        await history.open()
        return history

    return begin


async def play(history: History, story: list[Any]) -> None:
    for step in story:
        await history.play(step)
    await history.finish()
    await history.check()


@given(story=st.lists(steps, min_size=3, max_size=30))
@settings(max_examples=HISTORIES, print_blob=True)
async def test_no_second_is_lost_without_a_word(begin: Callable[[], Awaitable[History]], story: list[Any]) -> None:
    await play(await begin(), story)
