"""An agent learns with each batch whether its running session has ended."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.native import Enrol
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from tracker_client import NativeAgent
from tracking.publishing.messages import company_month_event
from tracking.screenshots.store.pictures import PictureStore
from tracking.session_deletion.use_cases import delete_session
from tracking.sessions.rules import SESSION_TIMEOUT
from tracking.sessions.use_cases.lifecycle import end_session_as_admin, end_silent_sessions


@pytest.fixture
async def at_work(own: Tenant, enrol: Enrol) -> NativeAgent:
    """An agent with a session."""
    agent = await enrol(own)
    agent.start(datetime.now(UTC))
    answer = await agent.sync(datetime.now(UTC))
    assert answer.json()["session_ended"] is False
    return agent


@pytest.fixture
def row_of(stored: ReadRows, own: Tenant) -> Callable[[NativeAgent], Awaitable[Mapping[str, Any]]]:
    """`await row_of(agent)`: its session as it is stored."""

    async def row_of(agent: NativeAgent) -> Mapping[str, Any]:
        rows = await stored("work_session", own.company_id)
        return next(row for row in rows if row["session_id"] == UUID(agent.session_id))

    return row_of


async def ended(agent: NativeAgent) -> bool:
    answer = await agent.sync(datetime.now(UTC))
    assert answer.status_code == 200
    return bool(answer.json()["session_ended"])


async def test_an_admin_ends_it(
    at_work: NativeAgent,
    own: Tenant,
    engine: AsyncEngine,
    row_of: Callable[[NativeAgent], Awaitable[Mapping[str, Any]]],
) -> None:
    await end_session_as_admin(engine, own.company_id, (await row_of(at_work))["number"])
    moment = datetime.now(UTC)
    at_work.record("activity", kind="active", start=moment - timedelta(seconds=2), end=moment)
    assert await ended(at_work)
    assert [result["outcome"] for result in at_work.results] == ["stored"], "nothing is lost by it"
    at_work.start(datetime.now(UTC))
    assert not await ended(at_work), "a new one goes on"


async def test_it_takes_no_transaction_of_its_own(at_work: NativeAgent, engine: AsyncEngine) -> None:
    begun: list[object] = []

    def begin(connection: object) -> None:
        begun.append(connection)

    event.listen(engine.sync_engine, "begin", begin)
    try:
        moment = datetime.now(UTC)
        at_work.record("activity", kind="active", start=moment - timedelta(seconds=2), end=moment)
        assert not await ended(at_work)
        assert len(begun) == 1, "with records"
        assert not await ended(at_work)
        assert len(begun) == 2, "without"
    finally:
        event.remove(engine.sync_engine, "begin", begin)


async def test_an_admin_deletes_it(
    at_work: NativeAgent,
    own: Tenant,
    engine: AsyncEngine,
    pictures: PictureStore,
    row_of: Callable[[NativeAgent], Awaitable[Mapping[str, Any]]],
) -> None:
    row = await row_of(at_work)
    about = {"deleted_by": row["employee_id"], "encode": company_month_event, "now": datetime.now(UTC)}
    await delete_session(engine, pictures, own.company_id, row["number"], **about)
    for _ in range(2):
        assert await ended(at_work)
    assert (await row_of(at_work))["ended_by"] == "ADMIN", "it does not go on"


async def test_it_ends_it_itself(at_work: NativeAgent) -> None:
    session = at_work.session_id
    at_work.stop(datetime.now(UTC))
    at_work.session_id = session
    assert await ended(at_work)


async def test_silence_is_not_the_end(
    at_work: NativeAgent,
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    superuser: AsyncEngine,
    row_of: Callable[[NativeAgent], Awaitable[Mapping[str, Any]]],
) -> None:
    earlier = text("UPDATE work_session SET last_seen_at = last_seen_at - CAST(:by AS interval) WHERE session_id = :id")
    async with superuser.begin() as tx:
        await tx.execute(earlier, {"by": 2 * SESSION_TIMEOUT, "id": at_work.session_id})
    await end_silent_sessions(engine, dispatch)
    assert (await row_of(at_work))["ended_by"] == "SILENCE"
    assert not await ended(at_work)


async def test_another_persons_or_companys_or_none(
    at_work: NativeAgent,
    own: Tenant,
    new_tenant: NewTenant,
    enrol: Enrol,
    engine: AsyncEngine,
    row_of: Callable[[NativeAgent], Awaitable[Mapping[str, Any]]],
) -> None:
    await end_session_as_admin(engine, own.company_id, (await row_of(at_work))["number"])
    for agent in (await enrol(own, 1), await enrol(await new_tenant())):
        agent.session_id = at_work.session_id
        assert not await ended(agent), "it is not theirs to know"
        agent.session_id = None
        assert not await ended(agent)
