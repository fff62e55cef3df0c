"""Group commit: repeated rows, concurrent writers, a failing database, and an upload that the database rejects."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Unavailable
from servicekit.ids import new_id
from services.tracking.tests.fixtures.gateway import Sit
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows
from testkit.waiting import eventually
from tracking.clock.rules.unix_time import microsecond_of
from tracking.company.store import companies
from tracking.db.store.scope import company_scope
from tracking.ingest.fastpath.store.packing import Packer, Upload
from tracking.ingest.fastpath.store.writer import IngestWriter
from tracking.ingest.rules.upload_reader import ActivityClaim, Quarantined, Report, UsageSpan
from tracking.ingest.use_cases import group_commit
from tracking.ingest.use_cases.group_commit import GroupCommit
from tracking.totals.rules.timeline import ActivityKind

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
Start = Callable[[], Awaitable[GroupCommit]]


class Desk:
    """Somebody's device, as the writer knows it."""

    def __init__(self, company_id: UUID, employee_id: UUID, device_id: UUID) -> None:
        self.company_id, self.employee_id, self.device_id = company_id, employee_id, device_id

    def upload(self, numbers: Sequence[int], *, employee_id: UUID | None = None) -> Upload:
        """An upload with a row of each kind for each number; the same number is the same row."""
        ids = [(self.company_id.int ^ number).to_bytes(16, "big") for number in numbers]
        report = Report(
            [UsageSpan(record_id, "a", microsecond_of(NOW), 5, "Editor", "notes") for record_id in ids],
            [ActivityClaim(record_id, ActivityKind.ACTIVE, microsecond_of(NOW), 5) for record_id in ids],
            [Quarantined(record_id, "because", "row") for record_id in ids],
        )
        return Packer(self.company_id, employee_id or self.employee_id, self.device_id).pack(report)


@pytest.fixture
async def new_desk(new_tenant: NewTenant, sit: Sit, stored: ReadRows) -> Callable[[], Awaitable[Desk]]:
    async def new_desk() -> Desk:
        tenant = await new_tenant()
        await sit(tenant)
        (device,) = await stored("device", tenant.company_id)
        return Desk(tenant.company_id, device["employee_id"], device["device_id"])

    return new_desk


@pytest.fixture
async def desk(new_desk: Callable[[], Awaitable[Desk]]) -> Desk:
    return await new_desk()


@pytest.fixture
async def other(new_desk: Callable[[], Awaitable[Desk]]) -> Desk:
    """A desk of another company."""
    return await new_desk()


@pytest.fixture
async def start(environment: dict[str, str]) -> AsyncIterator[Start]:
    """`await start()` is one more writer, as in another gateway process."""
    async with AsyncExitStack() as stack:

        @asynccontextmanager
        async def writer() -> AsyncIterator[GroupCommit]:
            commit = GroupCommit(IngestWriter(environment["TRACKING_INGEST_DATABASE_URL"]))
            running = asyncio.create_task(commit.run())
            yield commit
            running.cancel()
            await asyncio.wait([running])

        async def start() -> GroupCommit:
            return await stack.enter_async_context(writer())

        yield start


@pytest.fixture
def counts(desk: Desk, stored: ReadRows) -> Callable[[], Awaitable[tuple[int, int, int]]]:
    """`await counts()`: how many usage rows, waiting claims and quarantined rows there are."""

    async def counts() -> tuple[int, int, int]:
        usage = await stored("usage_record", desk.company_id)
        claims = [row for row in await stored("fold_queue", desk.company_id) if row["record_id"]]
        return len(usage), len(claims), len(await stored("quarantine", desk.company_id))

    return counts


async def test_one_group_with_the_same_rows_again_and_again(
    desk: Desk, start: Start, counts: Callable[[], Awaitable[tuple[int, int, int]]]
) -> None:
    commit = await start()
    await asyncio.gather(*(commit.store(desk.upload(range(first, 10))) for first in range(5)))
    usage, _claims, aside = await counts()
    assert (usage, aside) == (10, 10)


async def test_a_greedy_company_waits_for_the_others(
    desk: Desk, other: Desk, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "FAIRNESS_SECONDS", 60.0)
    commit = await start()
    greedy = [asyncio.ensure_future(commit.store(desk.upload([number]))) for number in range(60)]
    await asyncio.sleep(0)
    turns = 10
    for number in range(turns):
        await commit.store(other.upload([number]))
    assert 0 < sum(upload.done() for upload in greedy) <= 2 * turns


async def test_a_greedy_company_has_all_to_itself_once_the_others_are_gone(
    desk: Desk, other: Desk, start: Start, counts: Callable[[], Awaitable[tuple[int, int, int]]]
) -> None:
    commit = await start()
    greedy = [asyncio.ensure_future(commit.store(desk.upload([number]))) for number in range(60)]
    await asyncio.sleep(0)
    await commit.store(other.upload([1]))
    await asyncio.gather(*greedy)
    assert (await counts())[0] == 60


async def test_rows_that_are_there_already(
    desk: Desk, start: Start, counts: Callable[[], Awaitable[tuple[int, int, int]]]
) -> None:
    commit = await start()
    await commit.store(desk.upload(range(10)))
    await commit.store(desk.upload(range(5, 15)))
    assert await counts() == (15, 20, 15)  # a repeated claim is found out when it is folded


async def test_two_writers_store_the_same_rows_at_once(
    desk: Desk, start: Start, counts: Callable[[], Awaitable[tuple[int, int, int]]]
) -> None:
    one, other = await start(), await start()
    for turn in range(20):
        numbers = range(turn * 200, turn * 200 + 250)
        await asyncio.gather(one.store(desk.upload(numbers)), other.store(desk.upload(numbers[::-1])))
    usage, _claims, aside = await counts()
    assert (usage, aside) == (4050, 4050)


async def test_one_bad_upload_does_not_spoil_the_group(
    desk: Desk, start: Start, counts: Callable[[], Awaitable[tuple[int, int, int]]]
) -> None:
    commit = await start()
    nobody = desk.upload([100], employee_id=new_id())
    uploads = [desk.upload([1]), nobody, desk.upload([2])]
    results = await asyncio.gather(*map(commit.store, uploads), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), Unavailable, type(None)]
    assert await counts() == (2, 2, 2)


async def test_a_row_cannot_be_filed_under_another_companys_employee(
    desk: Desk, start: Start, new_tenant: NewTenant, stored: ReadRows
) -> None:
    other = await new_tenant()
    (employee, *_) = await stored("employee", other.company_id)
    with pytest.raises(Unavailable):
        await (await start()).store(desk.upload([1], employee_id=employee["employee_id"]))
    assert await stored("usage_record", other.company_id) == []


async def test_a_database_that_goes_away_in_the_middle(
    desk: Desk, start: Start, superuser: AsyncEngine, counts: Callable[[], Awaitable[tuple[int, int, int]]]
) -> None:
    commit = await start()
    await commit.store(desk.upload([1]))
    terminated = text("""
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'tracking-ingest' AND wait_event_type = 'Lock' AND datname = current_database()
    """)
    async with superuser.connect() as blocker, superuser.connect() as killer:
        await blocker.execute(text("LOCK TABLE quarantine"))
        storing = asyncio.gather(*(commit.store(desk.upload([n, n + 1])) for n in (2, 3)), return_exceptions=True)

        async def is_cut() -> bool:
            await killer.rollback()  # a transaction sees the activity of its first look
            return bool((await killer.execute(terminated)).all())

        await eventually(is_cut)
        await eventually(is_cut)  # also the connection of the second attempt
        assert [type(result) for result in await storing] == [Unavailable, Unavailable]
    assert await counts() == (1, 1, 1), "a group is stored whole or not at all"
    await asyncio.gather(*(commit.store(desk.upload([n, n + 1])) for n in (2, 3)))
    usage, _claims, aside = await counts()
    assert (usage, aside) == (4, 4)


async def test_a_connection_that_broke_while_idle_refuses_nobody(
    desk: Desk, start: Start, superuser: AsyncEngine, counts: Callable[[], Awaitable[tuple[int, int, int]]]
) -> None:
    commit = await start()
    await commit.store(desk.upload([1]))
    async with superuser.connect() as killer:
        ended = text("""
            SELECT pg_terminate_backend(pid, 10_000) FROM pg_stat_activity
            WHERE application_name = 'tracking-ingest' AND datname = current_database()
        """)
        assert set((await killer.execute(ended)).scalars()) == {True}
    await commit.store(desk.upload([2]))
    assert await counts() == (2, 2, 2)


async def test_an_upload_waits_for_nobody_who_holds_the_company(
    desk: Desk, start: Start, engine: AsyncEngine, counts: Callable[[], Awaitable[tuple[int, int, int]]]
) -> None:
    async with company_scope(engine, desk.company_id) as tx:
        await companies.lock(tx)  # as a reconciliation does for as long as it reads
        await asyncio.wait_for((await start()).store(desk.upload([1])), 20)
    assert await counts() == (1, 1, 1)


async def test_a_queue_that_is_too_long_is_refused(
    desk: Desk, start: Start, monkeypatch: pytest.MonkeyPatch, counts: Callable[[], Awaitable[tuple[int, int, int]]]
) -> None:
    monkeypatch.setattr(group_commit, "MAX_QUEUED_ROWS", 2)
    commit = await start()
    uploads = [commit.store(desk.upload([number])) for number in range(3)]
    results = await asyncio.gather(*uploads, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), Unavailable, Unavailable]
    assert await counts() == (1, 1, 1)


async def test_what_waits_when_the_process_ends_is_refused(
    desk: Desk, environment: dict[str, str], counts: Callable[[], Awaitable[tuple[int, int, int]]]
) -> None:
    commit = GroupCommit(IngestWriter(environment["TRACKING_INGEST_DATABASE_URL"]))
    running = asyncio.create_task(commit.run())
    storing = asyncio.create_task(commit.store(desk.upload([1])))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(Unavailable):
        await storing
    assert await counts() == (0, 0, 0)
