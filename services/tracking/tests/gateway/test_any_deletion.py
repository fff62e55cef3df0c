"""Whatever is worked, sent, sent again, folded, moved and deleted in whatever order: the totals are what stands."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from math import ceil, floor
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from contracts.tracking.v1 import usage_pb2
from servicekit.errors import NotFound
from servicekit.ids import new_id
from tracking.application.accounts import set_up_company
from tracking.application.change_time_zone import change_time_zone
from tracking.application.delete_session import delete_session
from tracking.application.fold_company import fold_company
from tracking.application.reconcile import reconcile
from tracking.domain.reports import Activity, Report, Usage
from tracking.domain.timeline import Claim, Kind, Timeline, fold
from tracking.feed.outgoing import company_month_event
from tracking.store import company_days, devices, employee_days, fold_queue, records, reports, screenshots, sessions
from tracking.store.ingest import IngestWriter, Upload
from tracking.store.scope import company_scope
from tracking.store.screenshots import Screenshot

MIDNIGHT = int(datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin")).timestamp())  # of a day with 23 hours
ZONES = ("Europe/Berlin", "UTC", "Asia/Kolkata", "America/New_York")
LATER = MIDNIGHT + 6 * 3600
BYTES = 100


@dataclass(frozen=True)
class Work:
    """A session at one of two devices; `seconds` None: it is not ended."""

    device: int
    start: float
    seconds: float | None

    @property
    def end(self) -> float:
        return self.start + (self.seconds or 0)

    @property
    def covered(self) -> set[int]:
        return set(range(floor(self.start), ceil(self.end)))


@dataclass(frozen=True)
class Sent:
    """A report of time of one device: (kind, end, seconds)."""

    device: int
    claims: tuple[tuple[Kind, int, int], ...]


@dataclass(frozen=True)
class Used:
    """An application was in front until then."""

    end: int


@dataclass(frozen=True)
class Again:
    """An earlier upload comes once more."""

    place: int


@dataclass(frozen=True)
class Shot:
    """A screenshot of a session."""

    place: int
    at: int


@dataclass(frozen=True)
class Deleted:
    """An admin deletes a session."""

    place: int


@dataclass(frozen=True)
class Moved:
    """The company's days are others."""

    zone: str


@dataclass(frozen=True)
class Folded:
    """What waits is counted; `checked`: and everything is compared."""

    checked: bool


quarters = st.integers(-4, 16).map(lambda n: MIDNIGHT + 900 * n)
moments = st.builds(lambda quarter, more: quarter + more, quarters, st.integers(-3, 3))
fractions = st.sampled_from((0.0, 0.25, 0.75))
sessions_of_work = st.builds(
    Work,
    device=st.integers(0, 1),
    start=st.builds(lambda moment, fraction: moment + fraction, moments, fractions),
    seconds=st.none() | st.builds(lambda whole, fraction: whole + fraction, st.integers(0, 7200), fractions),
)
claims = st.tuples(st.sampled_from(Kind), moments, st.integers(1, 5400))
steps = st.one_of(
    sessions_of_work,
    sessions_of_work,
    st.builds(Sent, device=st.integers(0, 1), claims=st.lists(claims, min_size=1, max_size=4).map(tuple)),
    st.builds(Sent, device=st.integers(0, 1), claims=st.lists(claims, min_size=1, max_size=4).map(tuple)),
    st.builds(Used, end=moments),
    st.builds(Again, place=st.integers(0, 9)),
    st.builds(Shot, place=st.integers(0, 9), at=moments),
    st.builds(Deleted, place=st.integers(0, 9)),
    st.builds(Deleted, place=st.integers(0, 9)),
    st.builds(Moved, zone=st.sampled_from(ZONES)),
    st.builds(Folded, checked=st.booleans()),
)


@dataclass
class Model:
    """What was done, and from scratch what it comes to."""

    zone: str = ZONES[0]
    works: list[Work] = field(default_factory=list)
    standing: set[int] = field(default_factory=set)
    sent: list[Sent] = field(default_factory=list)
    used: list[int] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    time_gone: set[tuple[int, int]] = field(default_factory=set)
    use_gone: set[int] = field(default_factory=set)
    emptied: set[int] = field(default_factory=set)  # places in `used`

    def delete(self, place: int) -> None:
        self.standing.remove(place)
        if self.works[place].seconds is None:
            self.works[place] = replace(self.works[place], seconds=max(LATER - self.works[place].start, 0))
        work, others = self.works[place], [self.works[other] for other in self.standing]
        beside = set[int]().union(*(other.covered for other in others))
        same = set[int]().union(*(other.covered for other in others if other.device == work.device))
        self.time_gone |= {(work.device, second) for second in work.covered - same}
        use = work.covered - beside
        self.use_gone |= use
        self.emptied |= {number for number, end in enumerate(self.used) if end - 1 in use}

    def day(self, second: float) -> date:
        return datetime.fromtimestamp(second, ZoneInfo(self.zone)).date()

    def totals(self) -> dict[date, Counter[str]]:
        found: dict[date, Counter[str]] = defaultdict(Counter)
        for kind, seconds in zip(("active", "idle"), self._seconds(), strict=True):
            for second in seconds:
                found[self.day(second)][kind] += 1
        for place in self.standing:
            found[self.day(self.works[place].start)]["sessions"] += 1
        for shot in self.shots:
            if shot.place in self.standing:
                found[self.day(shot.at)]["screenshots"] += 1
        return dict(found)

    def _seconds(self) -> tuple[set[int], set[int]]:
        active, idle = set[int](), set[int]()
        for device in (0, 1):
            timeline = Timeline()
            for report in self.sent:
                if report.device == device:
                    timeline = fold(timeline, [Claim(*claim) for claim in report.claims])
            gone = {second for whose, second in self.time_gone if whose == device}
            active |= {second for span in timeline.active for second in range(*span)} - gone
            idle |= {second for span in timeline.idle for second in range(*span)} - gone
        return active, idle - active


def moment(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


class Played:
    """A company with one person, to whom all this happens."""

    def __init__(self, parts: Any, company_id: UUID, employee_id: UUID, device_ids: list[UUID]) -> None:
        self.engine, self.writer, self.pictures = parts
        self.company_id, self.employee_id, self.device_ids = company_id, employee_id, device_ids
        self.model = Model()
        self.ids: list[UUID] = []
        self.uploads: list[Upload] = []

    async def play(self, step: Any) -> None:
        match step:
            case Work():
                await self.work(step)
            case Sent():
                self.model.sent.append(step)
                rows = [Activity(new_id().bytes, kind, moment(end), seconds) for kind, end, seconds in step.claims]
                await self.send(Report(activity=rows), step.device)
            case Used():
                self.model.used.append(step.end)
                await self.send(Report(usage=[Usage(new_id().bytes, "a", moment(step.end), 9, new_id().hex, "d")]), 0)
            case Again() if self.uploads:
                await self.writer.write([replace(self.uploads[step.place % len(self.uploads)], upload_id=new_id())])
            case Shot() if self.ids:
                await self.shoot(step.place % len(self.ids), step.at)
            case Deleted() if self.ids:
                await self.delete(step.place % len(self.ids))
            case Moved():
                self.model.zone = step.zone
                await change_time_zone(self.engine, self.company_id, step.zone, company_month_event)
            case Folded():
                await fold_company(self.engine, self.company_id, company_month_event)
                if step.checked:
                    await self.check()

    async def work(self, work: Work) -> None:
        session_id = new_id()
        whose = {"employee_id": self.employee_id, "device_id": self.device_ids[work.device]}
        async with company_scope(self.engine, self.company_id) as tx:
            await records.begin_sessions(tx, self.company_id, **whose, starts={session_id: moment(work.start)})
            if work.seconds is not None:
                await records.end_sessions(tx, {session_id: moment(work.end)})
        self.model.standing.add(len(self.ids))
        self.model.works.append(work)
        self.ids.append(session_id)

    async def send(self, report: Report, device: int) -> None:
        upload = Upload(new_id(), self.company_id, self.employee_id, self.device_ids[device], report)
        self.uploads.append(upload)
        await self.writer.write([upload])

    async def shoot(self, place: int, at: int) -> None:
        taken = Screenshot(new_id(), self.employee_id, self.ids[place], moment(at), 16, 9, BYTES)
        async with company_scope(self.engine, self.company_id) as tx:
            assert await sessions.hold_standing(tx, self.ids[place]) == (place in self.model.standing)
            if place not in self.model.standing:
                return
            await screenshots.insert(tx, self.company_id, taken, moment(at))
            await screenshots.take_storage(tx, self.company_id, BYTES, quota=10**6)
            about = {"kind": fold_queue.SCREENSHOT, "at": moment(at), "employee_id": self.employee_id}
            await fold_queue.append(tx, self.company_id, **about)
        self.model.shots.append(Shot(place, at))

    async def delete(self, place: int) -> None:
        async with company_scope(self.engine, self.company_id) as tx:
            session = await sessions.find(tx, self.ids[place])
        assert session is not None
        about = {"deleted_by": self.employee_id, "encode": company_month_event, "now": moment(LATER)}
        if place in self.model.standing:
            await delete_session(self.engine, self.pictures, self.company_id, session.number, **about)
            self.model.delete(place)
        else:
            with pytest.raises(NotFound):
                await delete_session(self.engine, self.pictures, self.company_id, session.number, **about)

    async def check(self) -> None:
        assert (await reconcile(self.engine, self.company_id, company_month_event)).differences == []
        async with company_scope(self.engine, self.company_id) as tx:
            people, company = await employee_days.everything(tx), await company_days.read(tx, date.min, date.max)
            span = moment(0), moment(2**33)
            top = await reports.top(tx, [self.employee_id], "a", *span, limit=1000)
            stored, takes = await screenshots.storage(tx)
        expected = self.model.totals()
        assert by_day((day, totals) for (_whose, day), totals in people.items()) == expected
        assert by_day((row.day, row) for row in company) == expected
        assert {row.day for row in company if row.employees_active} == {
            day for day, totals in expected.items() if totals["active"]
        }
        assert len(top) == sum(end - 1 not in self.model.use_gone for end in self.model.used)
        assert stored == takes == BYTES * sum(shot.place in self.model.standing for shot in self.model.shots)


def by_day(found: Iterable[tuple[date, Any]]) -> dict[date, Counter[str]]:
    """The days that have anything."""
    days = {
        day: Counter(
            active=row.active_seconds, idle=row.idle_seconds, sessions=row.sessions, screenshots=row.screenshots
        )
        for day, row in found
    }
    return {day: +totals for day, totals in days.items() if any(totals.values())}


@pytest.fixture(scope="module")
async def parts(engine, environment, pictures) -> AsyncIterator[Any]:
    writer = IngestWriter(environment["TRACKING_INGEST_DATABASE_URL"])
    yield engine, writer, pictures
    await writer.close()


async def begin(parts: Any) -> Played:
    company_id = new_id()
    about = {"time_zone": ZONES[0], "name": "Ada", "email": "ada@acme.example", "password": "open sesame"}
    employee_id = (await set_up_company(parts[0], company_id, **about)).employee_id
    device_ids = [new_id(), new_id()]
    async with company_scope(parts[0], company_id) as tx:
        for device_id in device_ids:
            device = {"device_id": device_id, "employee_id": employee_id, "token_digest": device_id.bytes}
            await devices.insert(tx, company_id, **device, logged_in_at=moment(0))
    return Played(parts, company_id, employee_id, device_ids)


@given(story=st.lists(steps, max_size=25))
@settings(max_examples=60)
async def test_any_story_of_deletions(parts, stored, story: list[Any]) -> None:
    played = await begin(parts)
    for step in story:
        await played.play(step)
    await played.check()
    rows = await stored("usage_record", played.company_id)
    assert len(rows) == len(played.model.used), "every key stays"
    emptied = [row for row in rows if (row["seconds"], row["name"], row["detail"]) == (0, "", "")]
    assert len(emptied) == len(played.model.emptied), "what came before the deletion"


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("zone", ZONES)
async def test_two_that_share_a_second_over_midnight(parts, waits: bool, zone: str) -> None:
    """One after the other at one device, a third at another beside them; what comes again and larger is known."""
    played = await begin(parts)
    first, second = Work(0, MIDNIGHT - 600, 900.5), Work(0, MIDNIGHT + 300.75, 600)
    third = Work(1, MIDNIGHT - 60, 120)
    story: list[Any] = [
        *(first, second, third),
        Sent(0, ((Kind.ACTIVE, MIDNIGHT + 900, 1500),)),
        Sent(1, ((Kind.IDLE, MIDNIGHT + 60, 120),)),
        Used(MIDNIGHT),
        Used(MIDNIGHT + 200),
        *([] if waits else [Folded(checked=True)]),
        Deleted(0),
        Moved(zone),
        Sent(0, ((Kind.ACTIVE, MIDNIGHT + 902, 1502),)),  # larger, for its reply was lost
        Again(0),
        Again(2),
    ]
    for step in story:
        await played.play(step)
    await played.check()
    totals = sum(played.model.totals().values(), Counter())
    assert totals == {"active": 602, "idle": 120, "sessions": 2}, "the shared second is the second one's"
    await played.play(Deleted(1))
    await played.play(Deleted(2))
    await played.check()
    assert sum(played.model.totals().values(), Counter()) == {"active": 1}, "after the second session"


@pytest.mark.parametrize("counted", [0, 2, 5])
async def test_what_happened_at_one_moment_is_told_apart_by_number(parts, counted: int) -> None:
    """Two sessions and three screenshots; so many of the five are counted already, the others wait."""
    played = await begin(parts)
    story: list[Any] = [Work(0, MIDNIGHT, 60), Work(1, MIDNIGHT, 60), *(Shot(n, MIDNIGHT) for n in (0, 1, 1))]
    story.insert(counted, Folded(checked=False))
    for step in (*story, Deleted(1)):
        await played.play(step)
    await played.check()
    assert sum(played.model.totals().values(), Counter()) == {"sessions": 1, "screenshots": 1}


async def test_a_later_session_does_not_bring_it_back(parts) -> None:
    played = await begin(parts)
    work, report = Work(0, MIDNIGHT, 600), Sent(0, ((Kind.ACTIVE, MIDNIGHT + 600, 600),))
    for step in (work, report, Used(MIDNIGHT + 9), Deleted(0), work, report, Used(MIDNIGHT + 9)):
        await played.play(step)
    await played.check()
    assert sum(played.model.totals().values(), Counter()) == {"sessions": 1}


async def test_the_month_is_announced_again(parts, superuser) -> None:
    played = await begin(parts)
    for step in (Work(0, MIDNIGHT, 60), Sent(0, ((Kind.ACTIVE, MIDNIGHT + 60, 60),)), Folded(checked=True)):
        await played.play(step)
    async with company_scope(parts[0], played.company_id) as tx:
        [before] = [row for row in await company_days.read(tx, date.min, date.max) if row.active_seconds]
    await played.play(Deleted(0))
    subject = f"usage.v1.{played.company_id}.202603"
    statement = text("SELECT payload, revision FROM outbox WHERE subject = :subject")
    async with superuser.connect() as connection:
        waiting = (await connection.execute(statement, {"subject": subject})).one()
    [after] = usage_pb2.CompanyMonth.FromString(waiting.payload).days
    assert (after.day, after.active_seconds, after.sessions, after.employees_active) == (29, 0, 0, 0)
    assert waiting.revision > before.revision
