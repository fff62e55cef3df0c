"""The portal's own audit trail: what is written stays, in one order, and a change of it is found."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd
from owner_portal.audit.rules.own_trail import ActionQuestion, PortalAction
from owner_portal.audit.store import own_trail
from owner_portal.audit.use_cases.own_trail import append_action, verify_actions

HOUR = timedelta(hours=1)


async def record(
    engine: AsyncEngine, action: str, *, actor: str = "a@x.example", subject: str = "s", **more: Any
) -> None:
    async with engine.begin() as tx:
        await append_action(tx, actor=actor, action=action, subject=subject, **more)


async def found(
    engine: AsyncEngine, question: ActionQuestion, *, before: int | None = None, limit: int = 50
) -> list[PortalAction]:
    async with engine.begin() as tx:
        return [linked.entry for linked in await own_trail.search(tx, question, before=before, limit=limit)]


@pytest.fixture(scope="module", autouse=True)
async def trail(engine: AsyncEngine) -> None:
    """Seven entries by two owners."""
    for number in range(5):
        await record(engine, "acknowledge_alert", subject=f"company {number}", facts={"number": str(number), "ü": '"'})
    await record(engine, "invite_owner", actor="b@x.example", subject="c@x.example", reason="more hands")
    await record(engine, "snooze_alert", actor="b@x.example", subject="company 1", request_id="r-1")


async def test_newest_first_page_by_page(engine: AsyncEngine) -> None:
    seen: list[int] = []
    while page := await found(engine, ActionQuestion(), before=seen[-1] if seen else None, limit=3):
        seen += [entry.revision for entry in page]
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("question", "revisions"),
    [
        (ActionQuestion(actor="b@x.example"), [7, 6]),
        (ActionQuestion(action="invite_owner"), [6]),
        (ActionQuestion(subject="company 1"), [7, 2]),
        (ActionQuestion(actor="a@x.example", subject="company 1"), [2]),
        (ActionQuestion(actor="nobody"), []),
        (ActionQuestion(since=datetime.now(UTC) - HOUR, until=datetime.now(UTC) + HOUR), [7, 6, 5, 4, 3, 2, 1]),
        (ActionQuestion(until=datetime.now(UTC) - HOUR), []),
    ],
)
async def test_filters(engine: AsyncEngine, question: ActionQuestion, revisions: list[int]) -> None:
    assert [entry.revision for entry in await found(engine, question)] == revisions


async def test_an_entry_says_who_did_what_and_why(engine: AsyncEngine) -> None:
    [entry] = await found(engine, ActionQuestion(action="invite_owner"))
    assert (entry.actor, entry.subject, entry.reason) == ("b@x.example", "c@x.example", "more hands")
    assert datetime.now(UTC) - entry.at < HOUR


async def test_what_is_rolled_back_leaves_no_gap(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await append_action(connection, actor="a@x.example", action="never", subject="s")
        await connection.rollback()
    assert (await verify_actions(engine)).flaw is None


async def test_entries_written_at_once_follow_one_another(engine: AsyncEngine) -> None:
    before = (await verify_actions(engine)).end.revision
    await asyncio.gather(*(record(engine, "sign_in") for _ in range(8)))
    verdict = await verify_actions(engine)
    assert (verdict.end.revision, verdict.flaw) == (before + 8, None)
    assert (await verify_actions(engine, known=verdict.end)).flaw is None
    other = await verify_actions(engine, known=ChainEnd(3, bytes(32)))
    assert other.flaw == "the audit entry of revision 3 is not the one that was noted down"


@pytest.mark.parametrize("statement", ["UPDATE portal_action SET reason = 'x'", "DELETE FROM portal_action"])
async def test_the_service_may_change_nothing(engine: AsyncEngine, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with engine.begin() as tx:
            await tx.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "flaw"),
    [
        ("UPDATE portal_action SET subject = 'else' WHERE revision = 2", "the audit entry of revision 2 was altered"),
        ("UPDATE portal_action SET facts = '{}' WHERE revision = 3", "the audit entry of revision 3 was altered"),
        ("DELETE FROM portal_action WHERE revision = 4", "the audit entry of revision 4 is missing"),
        (
            "UPDATE portal_action SET revision = 0 WHERE revision = 5",
            "the audit entry of revision 0 was added: it belongs to no revision",
        ),
    ],
)
async def test_a_change_behind_the_services_back_is_found(
    engine: AsyncEngine, environment: dict[str, str], statement: str, flaw: str
) -> None:
    url = make_url(environment["PORTAL_MIGRATION_DATABASE_URL"]).set(drivername="postgresql+psycopg")
    owner = create_sync_engine(url)
    with owner.begin() as tx:
        tx.execute(text("CREATE TABLE kept AS SELECT * FROM portal_action"))
        tx.execute(text(statement))
    try:
        assert (await verify_actions(engine)).flaw == flaw
    finally:
        with owner.begin() as tx:
            tx.execute(text("DELETE FROM portal_action"))
            tx.execute(text("INSERT INTO portal_action SELECT * FROM kept"))
            tx.execute(text("DROP TABLE kept"))
        owner.dispose()
    assert (await verify_actions(engine)).flaw is None
