"""Rows that are rewritten every few seconds are updated in place: no index gets a new entry (PostgreSQL's HOT)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.tracking.tests.fixtures.platform import ReadRows
from tracking.db.store.scope import companies_scope
from tracking.devices.store import key_use
from tracking.sessions.store import heartbeats

TIMES = 20


async def updates(tx: AsyncConnection, table: str) -> tuple[int, int]:
    """The updates of this transaction and of the connection's latest ones, and how many of them were in place."""
    counted = text("""
        SELECT pg_stat_get_xact_tuples_updated(id) AS updates, pg_stat_get_xact_tuples_hot_updated(id) AS in_place
        FROM CAST(:table AS regclass) AS id
    """)
    row = (await tx.execute(counted, {"table": table})).one()
    return row.updates, row.in_place


def since(before: tuple[int, int], after: tuple[int, int]) -> tuple[int, int]:
    return after[0] - before[0], after[1] - before[1]


async def test_heartbeats_of_sessions(
    heartbeat: AsyncEngine, two_companies: tuple[UUID, UUID], stored: ReadRows
) -> None:
    company_id, now = two_companies[0], datetime.now(UTC) + timedelta(minutes=1)
    [running] = [row for row in await stored("work_session", company_id) if row["ended_at"] is None]
    async with companies_scope(heartbeat, [company_id]) as tx:
        before = await updates(tx, "work_session")
        for seconds in range(TIMES):
            await heartbeats.saw_sessions(tx, [(company_id, running["number"], now + timedelta(seconds=seconds))])
        assert since(before, await updates(tx, "work_session")) == (TIMES, TIMES)


async def test_heartbeats_of_devices(
    heartbeat: AsyncEngine, two_companies: tuple[UUID, UUID], stored: ReadRows
) -> None:
    company_id, now = two_companies[0], datetime.now(UTC) + timedelta(minutes=1)
    [device] = await stored("device", company_id)
    async with companies_scope(heartbeat, [company_id]) as tx:
        before = [await updates(tx, table) for table in ("device", "key_use")]
        for seconds in range(TIMES):
            seen = (company_id, device["device_id"], device["key_digest"], now + timedelta(seconds=seconds))
            await key_use.saw_devices(tx, [seen])
        after = [await updates(tx, table) for table in ("device", "key_use")]
        assert [since(*each) for each in zip(before, after, strict=True)] == [(TIMES, TIMES)] * 2
