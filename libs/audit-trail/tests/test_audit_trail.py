"""An audit trail on PostgreSQL: entries come back as they were added, filters hold, flaws are found."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from audit_chain import ChainEnd, link_hash
from audit_trail import AuditTrail, store
from testkit.engines import AnyPostgres

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Note:
    revision: int
    at: datetime
    actor: str
    facts: Mapping[str, str] | None

    def hash(self, previous: bytes) -> bytes:
        facts = None if self.facts is None else dict(self.facts)
        return link_hash(previous, {"revision": self.revision, "actor": self.actor, "facts": facts})


TRAIL = AuditTrail("note", Note, facts=("facts",), filters=("actor",))
NOTES = [
    Note(
        number,
        NOW + timedelta(hours=number),
        "ann" if number % 2 else "bob",
        {"n": str(number)} if number > 1 else None,
    )
    for number in range(1, 6)
]


async def newest(_: AsyncConnection) -> int:
    return len(NOTES)


@pytest.fixture(scope="module")
async def engine(postgres_engine: AnyPostgres) -> AsyncIterator[AsyncEngine]:
    """A database with a trail of five notes."""
    with psycopg.connect(postgres_engine.dsn(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS audit_trail WITH (FORCE)")
        connection.execute("CREATE DATABASE audit_trail")
    with psycopg.connect(postgres_engine.dsn("audit_trail")) as connection:
        connection.execute(
            "CREATE TABLE note (hash bytea, previous bytea, facts jsonb, actor text, at timestamptz, revision bigint)"
        )
    url = postgres_engine.dsn("audit_trail").replace("postgresql://", "postgresql+psycopg://")
    engine = create_async_engine(url, connect_args={"options": "-c timezone=UTC"})
    async with engine.begin() as tx:
        for note in NOTES:
            await TRAIL.append(tx, note)
    yield engine
    await engine.dispose()


async def search(engine: AsyncEngine, limit: int = 10, **filters: object) -> list[int]:
    async with engine.begin() as tx:
        return [linked.entry.revision for linked in await TRAIL.search(tx, filters, limit=limit)]


async def test_entries_come_back_as_they_were_added(engine: AsyncEngine) -> None:
    async with engine.begin() as tx:
        found = await TRAIL.search(tx, {}, limit=10)
    assert [linked.entry for linked in found] == NOTES[::-1]
    assert [linked.previous for linked in found[:-1]] == [linked.hash for linked in found[1:]]


async def test_filters_let_pass_what_they_say(engine: AsyncEngine) -> None:
    assert await search(engine, 2) == [5, 4]
    assert await search(engine, actor="bob", since=None) == [4, 2]
    assert await search(engine, since=NOTES[2].at) == [5, 4, 3]
    assert await search(engine, until=NOTES[2].at) == [2, 1]
    assert await search(engine, before=3, actor="ann") == [1]


async def test_a_filter_that_the_trail_does_not_have_is_an_error(engine: AsyncEngine) -> None:
    with pytest.raises(KeyError):
        await search(engine, reason="x")


async def test_a_whole_trail_is_verified_page_by_page(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PAGE_SIZE", 2)
    async with engine.begin() as tx:
        verdict = await TRAIL.verify(tx, newest)
    assert (verdict.flaw, verdict.end.revision) == (None, 5)
    async with engine.begin() as tx:
        assert (await TRAIL.verify(tx, newest, known=verdict.end)).flaw is None
    async with engine.begin() as tx:
        known = await TRAIL.verify(tx, newest, known=ChainEnd(3, bytes(32)))
    assert known.flaw == "the audit entry of revision 3 is not the one that was noted down"


async def test_an_altered_entry_is_named(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("UPDATE note SET actor = 'eve' WHERE revision = 4"))
        await connection.commit()
    try:
        async with engine.begin() as tx:
            assert (await TRAIL.verify(tx, newest)).flaw == "the audit entry of revision 4 was altered"
    finally:
        async with engine.begin() as tx:
            await tx.execute(text("UPDATE note SET actor = 'bob' WHERE revision = 4"))
