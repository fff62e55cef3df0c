"""Generated histories of work, repetitions, folds, moves and deletions: the totals always match the model."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from math import ceil, floor
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tracking.v1 import usage_pb2
from servicekit.errors import NotFound
from services.tracking.tests.fixtures.platform import ReadRows
from services.tracking.tests.session_deletion.deletion_steps import (
    LAG,
    MIDNIGHT,
    ZONES,
    Again,
    Deleted,
    EndedByAdmin,
    Erased,
    Folded,
    Moved,
    Seen,
    Sent,
    Shot,
    Silence,
    Used,
    Work,
    steps,
)
from tracking.totals.rules.timeline import ActivityKind, Claim, Timeline, fold, lay_out

LATER = MIDNIGHT + 6 * 3600  # when everything is deleted
BYTES = 100


@dataclass
class Session:
    """As far as it is known: `until` its end or its last heartbeat."""

    device: int
    start: float
    until: float
    ended_by: str | None = None
    stands: bool = True


@dataclass
class Model:
    """What was done, and from scratch what it comes to."""

    zone: str = ZONES[0]
    sessions: list[Session] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    used: list[int] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    time_gone: set[tuple[int, int]] = field(default_factory=set)
    use_gone: set[int] = field(default_factory=set)
    emptied: set[int] = field(default_factory=set)  # places in `used`

    def next_start(self, place: int) -> float | None:
        session = self.sessions[place]
        later = [
            other.start
            for number, other in enumerate(self.sessions)
            if other.device == session.device and (other.start, number) > (session.start, place)
        ]
        return min(later, default=None)

    def until(self, place: int) -> float:
        """Its end or its last heartbeat; a record of its device before its next session is one."""
        session, bound = self.sessions[place], self.next_start(place)
        if session.ended_by == "TRACKER":
            return session.until
        timeline = self.timeline(session.device)
        recorded = {second for span in (*timeline.active, *timeline.idle) for second in range(*span)}
        first, end = floor(session.start), None if bound is None else floor(bound)
        own = [second + 1 for second in recorded if second >= first and (end is None or second < end)]
        return max([session.until, *own])

    def covered(self, place: int, *, is_doomed: bool) -> set[int]:
        """Its seconds: a deleted one lasts until its last heartbeat, another as long as is likely."""
        session, end, bound = self.sessions[place], self.until(place), self.next_start(place)
        if session.ended_by != "TRACKER" and not is_doomed:
            latest = LATER if session.ended_by is None else min(LATER, end + LAG)
            end = max(end, latest if bound is None else min(latest, bound))
        return set(range(floor(session.start), ceil(end)))

    def begin(self, work: "Work") -> Session:
        """A device has one running session, its newest."""
        beside = [session for session in self.sessions if session.device == work.device]
        begun = Session(work.device, work.start, work.start)
        if any(session.start > work.start for session in beside):
            begun.ended_by = "NEXT"
        else:
            for session in beside:
                if session.stands and session.ended_by in {None, "SILENCE"}:
                    session.until = max(session.start, min(session.until, work.start))
                    session.ended_by = "NEXT"
        self.sessions.append(begun)
        return begun

    def delete(self, place: int) -> None:
        doomed = self.sessions[place]
        own = self.covered(place, is_doomed=True)
        doomed.stands = False
        others = [number for number, other in enumerate(self.sessions) if other.stands]
        beside = {number: self.covered(number, is_doomed=False) for number in others}
        same = set[int]().union(*(beside[number] for number in others if self.sessions[number].device == doomed.device))
        self.time_gone |= {(doomed.device, second) for second in own - same}
        use = own.difference(*beside.values())
        self.use_gone |= use
        self.emptied |= {number for number, end in enumerate(self.used) if end - 1 in use}

    def hidden(self) -> set[int]:
        return {number for number, end in enumerate(self.used) if end - 1 in self.use_gone}

    def totals(self) -> dict[date, Counter[str]]:
        found: dict[date, Counter[str]] = defaultdict(Counter)
        for kind, seconds in zip(("active", "idle"), self._seconds(), strict=True):
            for second in seconds:
                found[self._day(second)][kind] += 1
        for session in self.sessions:
            if session.stands:
                found[self._day(session.start)]["sessions"] += 1
        for shot in self.shots:
            if self.sessions[shot.place].stands:
                found[self._day(shot.at)]["screenshots"] += 1
        return dict(found)

    def _day(self, second: float) -> date:
        return datetime.fromtimestamp(second, ZoneInfo(self.zone)).date()

    def timeline(self, device: int) -> Timeline:
        timeline = Timeline()
        for report in self.sent:
            if report.device == device:
                timeline = fold(timeline, lay_out([Claim(*claim) for claim in report.claims]))
        return timeline

    def _seconds(self) -> tuple[set[int], set[int]]:
        active, idle = set[int](), set[int]()
        for device in (0, 1):
            timeline = self.timeline(device)
            gone = {second for whose, second in self.time_gone if whose == device}
            active |= {second for span in timeline.active for second in range(*span)} - gone
            idle |= {second for span in timeline.idle for second in range(*span)} - gone
        return active, idle - active


class Played:
    """All steps are done to the workplace, and to the model."""

    def __init__(self, workplace: Any) -> None:
        self.workplace = workplace
        self.model = Model()

    async def play(self, *story: Any) -> None:
        for step in story:
            await self._play(step)

    async def _play(self, step: Any) -> None:
        model, workplace = self.model, self.workplace
        match step:
            case Sent():
                model.sent.append(step)
                await workplace.report(step.device, step.claims)
            case Used():
                model.used.append(step.end)
                await workplace.use(step.end)
            case Again():
                await workplace.send_again(step.place)
            case Moved():
                model.zone = step.zone
                await workplace.move(step.zone)
            case Erased():
                model.emptied |= model.hidden()
                await workplace.erase_late_use()
            case Folded():
                await workplace.fold()
                if step.checked:
                    await self.check()
            case _:
                await self._play_of_session(step)

    async def _play_of_session(self, step: Any) -> None:
        model, workplace = self.model, self.workplace
        place = getattr(step, "place", 0) % max(len(model.sessions), 1)
        match step:
            case Work():
                await self._work(step)
            case Silence():
                for session in model.sessions:
                    session.ended_by = session.ended_by or "SILENCE"
                await workplace.fall_silent()
            case _ if not model.sessions:
                pass
            case Seen():
                await workplace.see(place, step.at)
                session = model.sessions[place]
                if session.stands and session.ended_by in {None, "SILENCE"}:
                    session.until, session.ended_by = max(session.until, step.at), None
            case EndedByAdmin():
                await workplace.end_as_admin(place)
                model.sessions[place].ended_by = model.sessions[place].ended_by or "ADMIN"
            case Shot():
                assert await workplace.shoot(place, step.at) == model.sessions[place].stands
                if model.sessions[place].stands:
                    model.shots.append(Shot(place, step.at))
            case Deleted() if model.sessions[place].stands:
                await workplace.delete(place, LATER)
                model.delete(place)
            case Deleted():
                with pytest.raises(NotFound):
                    await workplace.delete(place, LATER)

    async def _work(self, work: Work) -> None:
        place, end = len(self.model.sessions), work.start + work.seconds
        session = self.model.begin(work)
        await self.workplace.begin(work.device, work.start)
        await (self.workplace.end if work.is_ended else self.workplace.see)(place, end)
        if work.is_ended or session.ended_by is None:
            session.until = end
        if work.is_ended:
            session.ended_by = "TRACKER"

    async def check(self) -> None:
        expected = self.model.totals()
        found = await self.workplace.counted()
        assert found.person == found.company == expected
        assert found.active_days == {day for day, totals in expected.items() if totals["active"]}
        assert found.names_in_use == len(self.model.used) - len(self.model.hidden())
        assert found.storage_bytes == BYTES * sum(self.model.sessions[shot.place].stands for shot in self.model.shots)

    def total(self) -> Counter[str]:
        return sum(self.model.totals().values(), Counter())


@pytest.fixture(scope="module")
def begin(new_workplace: Callable[[str], Awaitable[Any]]) -> Callable[[], Awaitable[Played]]:
    async def begin() -> Played:
        return Played(await new_workplace(ZONES[0]))

    return begin


@given(story=st.lists(steps, max_size=25))
@settings(max_examples=60)
async def test_any_story_of_deletions(
    begin: Callable[[], Awaitable[Played]], stored: ReadRows, story: list[Any]
) -> None:
    played = await begin()
    await played.play(*story)
    await played.check()
    rows = await stored("usage_record", played.workplace.company_id)
    assert len(rows) == len(played.model.used), "every key stays"
    emptied = [row for row in rows if (row["seconds"], row["name"], row["detail"]) == (0, "", "")]
    assert len(emptied) == len(played.model.emptied)


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("zone", ZONES)
async def test_two_that_share_a_second_over_midnight(
    begin: Callable[[], Awaitable[Played]], waits: bool, zone: str
) -> None:
    """One after the other at one device, a third at another beside them; what comes again and larger is known."""
    played = await begin()
    first, second = Work(0, MIDNIGHT - 600, 900.5), Work(0, MIDNIGHT + 300.75, 600)
    third = Work(1, MIDNIGHT - 60, 120)
    await played.play(
        *(first, second, third),
        Sent(0, ((ActivityKind.ACTIVE, MIDNIGHT + 900, 1500),)),
        Sent(1, ((ActivityKind.IDLE, MIDNIGHT + 60, 120),)),
        Used(MIDNIGHT),
        Used(MIDNIGHT + 200),
        *([] if waits else [Folded(checked=True)]),
        Deleted(0),
        Moved(zone),
        Sent(0, ((ActivityKind.ACTIVE, MIDNIGHT + 902, 1502),)),  # larger, for its reply was lost
        Again(0),
        Again(2),
    )
    await played.check()
    assert played.total() == {"active": 602, "idle": 120, "sessions": 2}, "the shared second is the second one's"
    await played.play(Deleted(1), Deleted(2))
    await played.check()
    assert played.total() == {"active": 1}, "after the second session"


@pytest.mark.parametrize("counted", [0, 2, 5])
async def test_what_happened_at_one_moment_is_told_apart_by_number(
    begin: Callable[[], Awaitable[Played]], counted: int
) -> None:
    """Two sessions and three screenshots; so many of the five are counted already, the others wait."""
    played = await begin()
    story: list[Any] = [Work(0, MIDNIGHT, 60), Work(1, MIDNIGHT, 60), *(Shot(n, MIDNIGHT) for n in (0, 1, 1))]
    story.insert(counted, Folded(checked=False))
    await played.play(*story, Deleted(1))
    await played.check()
    assert played.total() == {"sessions": 1, "screenshots": 1}


async def test_a_later_session_does_not_bring_it_back(begin: Callable[[], Awaitable[Played]]) -> None:
    played = await begin()
    work, report = Work(0, MIDNIGHT, 600), Sent(0, ((ActivityKind.ACTIVE, MIDNIGHT + 600, 600),))
    await played.play(work, report, Used(MIDNIGHT + 9), Deleted(0), work, report, Used(MIDNIGHT + 9))
    await played.check()
    assert played.total() == {"sessions": 1}


async def test_the_month_is_announced_again(begin: Callable[[], Awaitable[Played]], superuser: AsyncEngine) -> None:
    played = await begin()
    await played.play(Work(0, MIDNIGHT, 60), Sent(0, ((ActivityKind.ACTIVE, MIDNIGHT + 60, 60),)), Folded(checked=True))
    subject = f"usage.v1.{played.workplace.company_id}.202603"
    statement = text("SELECT payload, revision FROM outbox WHERE subject = :subject")
    async with superuser.connect() as connection:
        before = (await connection.execute(statement, {"subject": subject})).one()
    await played.play(Deleted(0))
    async with superuser.connect() as connection:
        waiting = (await connection.execute(statement, {"subject": subject})).one()
    [after] = usage_pb2.CompanyMonth.FromString(waiting.payload).days
    assert (after.day, after.active_seconds, after.sessions, after.employees_active) == (29, 0, 0, 0)
    assert waiting.revision > before.revision
