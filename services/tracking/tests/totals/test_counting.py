"""Days of work through the gateway in compressed time are counted to the second."""

import asyncio
from collections import Counter
from datetime import UTC, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.tracking.tests.fixtures.gateway import Clock, CountSeconds, Fold, NewLossyTracker, NewTracker
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from tracker_client import Desktop, TrackerClient, Window
from tracker_client.rows import ActivityKind as MinuteKind
from tracking.totals import use_cases as fold_company

WINDOWS = [
    Window("Editor", "notes.md"),
    Window("Editor", "x" * 700),
    Window("Browser", "Docs – été", browser=True, domain="docs.example", url="https://docs.example/a"),
    Window("Browser", "New tab", browser=True),
]
BERLIN = ZoneInfo("Europe/Berlin")


class Desk:
    """Desktops of one company's people, and the stored rows."""

    def __init__(self, tenant: Tenant, clock: Clock, tracker: NewTracker, fold: Fold, stored: ReadRows) -> None:
        self.tenant = tenant
        self._clock = clock
        self._tracker = tracker
        self._fold = fold
        self._stored = stored

    async def __call__(
        self, person: int = 0, *, wrong: timedelta = timedelta(), client: TrackerClient | None = None
    ) -> Desktop:
        """A desktop with a clock that is `wrong`, at which a person has signed in."""
        desktop = Desktop(client or self._tracker(self.tenant.key), self._clock.now + wrong)
        assert await desktop.sign_in(self.tenant.people[person], self.tenant.password)
        return desktop

    async def fold(self) -> None:
        await self._fold(self.tenant)

    async def stored(self, table: str) -> list[Any]:
        return await self._stored(table, self.tenant.company_id)

    async def days(self, table: str) -> list[Any]:
        return sorted(await self.stored(table), key=lambda row: row["day"])


@pytest.fixture
async def desk(new_tenant: NewTenant, clock: Clock, tracker: NewTracker, fold: Fold, stored: ReadRows) -> Desk:
    """`await desk()` is a desktop of the first of two people of a company in Berlin."""
    return Desk(await new_tenant(people=2, time_zone="Europe/Berlin"), clock, tracker, fold, stored)


async def work(desktop: Desktop, clock: Clock, random: Random, seconds: int) -> None:
    """Spans of activity, idleness and windows, with uploads in between."""
    until = clock.now + timedelta(seconds=seconds)
    while clock.now < until:
        for _ in range(random.randint(3, 12)):
            stretch = random.randint(1, 30)
            kind: MinuteKind = "INACTIVE" if random.random() < 0.25 else "ACTIVE"
            desktop.tick(stretch, kind, random.choice(WINDOWS))
            clock.now += timedelta(seconds=stretch)
        await desktop.upload()


async def finish(desktop: Desktop, clock: Clock) -> None:
    """Uploads until nothing is left, then stops."""
    while desktop.tables.snapshot().count():
        await desktop.upload()
        clock.now += timedelta(seconds=1)
        desktop.now += timedelta(seconds=1)
    assert await desktop.stop()


@pytest.mark.parametrize("wrong", [timedelta(), timedelta(seconds=4), timedelta(hours=-7), timedelta(days=20)])
async def test_days_of_work_with_lost_replies(
    desk: Desk, clock: Clock, lossy: NewLossyTracker, counted: CountSeconds, wrong: timedelta
) -> None:
    random, days = Random(1), 1 if wrong else 6
    desktop = await desk(wrong=wrong, client=lossy(desk.tenant, random, chance=0.2))
    for _ in range(days):
        for hours in (3, 2):
            assert await desktop.start()
            await work(desktop, clock, random, hours * 3600)
            await finish(desktop, clock)
            if random.random() < 0.5:
                await desk.fold()
            clock.now += timedelta(hours=1, microseconds=random.randint(0, 999_999))
            desktop.now = (clock.now + wrong).replace(microsecond=0)
        clock.now += timedelta(hours=19)
        desktop.now = (clock.now + wrong).replace(microsecond=0)
    truth = desktop.truth
    assert await counted(desk.tenant) == {desktop.account.id: truth.ticked | {"sessions": 2 * days}}
    assert truth.rows_posted["activities"] > truth.rows_acknowledged["activities"], "no reply was lost"
    rows = await desk.stored("usage_record")
    assert len(rows) == truth.rows_acknowledged["applications"] + truth.rows_acknowledged["websites"] > 400 * days
    assert not await desk.stored("quarantine")


@pytest.mark.parametrize("entries", [1, 2, 3])
async def test_a_turn_never_cuts_an_upload(
    desk: Desk, clock: Clock, counted: CountSeconds, monkeypatch: pytest.MonkeyPatch, entries: int
) -> None:
    monkeypatch.setattr(fold_company, "ENTRIES_PER_TURN", entries)
    desktop = await desk()
    assert await desktop.start()
    stretches: tuple[tuple[int, MinuteKind], ...] = ((10, "ACTIVE"), (3, "INACTIVE"), (7, "ACTIVE"))
    for stretch, kind in stretches * 4:
        desktop.tick(stretch, kind)
        clock.now += timedelta(seconds=stretch)
    for _ in range(3):
        rows = desktop.tables.snapshot()
        assert (await desktop.client.upload_activity(desktop.account, desktop.session, rows)).ok
    assert await counted(desk.tenant) == {desktop.account.id: {"ACTIVE": 68, "INACTIVE": 12, "sessions": 1}}


async def test_two_desktops_at_once_count_once(desk: Desk, clock: Clock, counted: CountSeconds) -> None:
    laptop, tower = await desk(), await desk()
    for desktop in (laptop, tower):
        assert await desktop.start()
    for turn in range(15):
        laptop.tick(60)
        if turn % 3 == 0:
            tower.now += timedelta(seconds=60)
        else:
            tower.tick(60, "INACTIVE" if turn % 3 == 1 else "ACTIVE")
        clock.now += timedelta(seconds=60)
        await asyncio.gather(laptop.upload(), tower.upload())
    assert await counted(desk.tenant) == {laptop.account.id: {"ACTIVE": 900, "INACTIVE": 0, "sessions": 2}}


async def test_one_after_the_other_at_two_desktops_adds_up(desk: Desk, clock: Clock, counted: CountSeconds) -> None:
    for seconds in (600, 900):
        desktop = await desk()
        assert await desktop.start()
        desktop.tick(seconds)
        clock.now += timedelta(seconds=seconds)
        await finish(desktop, clock)
    assert await counted(desk.tenant) == {desktop.account.id: {"ACTIVE": 1500, "INACTIVE": 0, "sessions": 2}}


async def test_a_session_over_midnight(desk: Desk, clock: Clock, counted: CountSeconds) -> None:
    clock.now = clock.now.astimezone(BERLIN).replace(hour=22, minute=30).astimezone(UTC)
    desktop = await desk()
    assert await desktop.start()
    for seconds in (5000, 800, 2000):  # the second upload holds midnight
        desktop.tick(seconds)
        clock.now += timedelta(seconds=seconds)
        await desktop.upload()
    assert await counted(desk.tenant) == {desktop.account.id: {"ACTIVE": 7800, "INACTIVE": 0, "sessions": 1}}
    first, second = await desk.days("employee_day")
    assert (first["active_seconds"], first["sessions"]) == (5400, 1)
    assert (second["active_seconds"], second["sessions"]) == (2400, 0)
    assert second["day"] - first["day"] == timedelta(days=1)


async def test_late_rows_change_the_days_they_belong_to(desk: Desk, clock: Clock, counted: CountSeconds) -> None:
    desktop = await desk()
    for _day in range(3):  # offline: three days in one upload
        assert await desktop.start()
        desktop.tick(3600)
        assert await desktop.stop()
        clock.now += timedelta(days=1)
        desktop.now = clock.now
    assert await desktop.start()
    await desk.fold()
    await desktop.upload()
    assert await counted(desk.tenant) == {desktop.account.id: {"ACTIVE": 10_800, "INACTIVE": 0, "sessions": 4}}
    assert [row["active_seconds"] for row in await desk.days("company_day")][:4] == [3600, 3600, 3600, 0]


async def test_many_desktops_of_many_people_at_once(
    new_tenant: NewTenant, clock: Clock, tracker: NewTracker, fold: Fold, stored: ReadRows, counted: CountSeconds
) -> None:
    desks = [Desk(await new_tenant(people=2), clock, tracker, fold, stored) for _ in range(2)]
    desktops = {desk: [await desk(0), await desk(1)] for desk in desks}
    everyone = [desktop for mine in desktops.values() for desktop in mine]
    for desktop in everyone:
        assert await desktop.start()
    random = Random(5)
    for _ in range(10):
        for desktop in everyone:
            desktop.tick(60, random.choice(["ACTIVE", "INACTIVE"]))
        clock.now += timedelta(seconds=60)
        await asyncio.gather(*(desktop.upload() for desktop in everyone))
    for desk, mine in desktops.items():
        truth = {desktop.account.id: Counter(desktop.truth.ticked) | Counter({"sessions": 1}) for desktop in mine}
        assert await counted(desk.tenant) == truth
