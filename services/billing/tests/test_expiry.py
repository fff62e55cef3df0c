"""Periods end at their exact end, also after the worker was away, and whoever else writes meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.application.expire_ended import expire_ended
from billing.application.extend_on_reactivation import extend_on_reactivation
from billing.application.start_trial import start_trial
from billing.domain.subscription import RUNNING, State
from billing.feed.published import encode
from billing.store import subscriptions
from servicekit.ids import new_id

History = Callable[[UUID], Awaitable[list[tuple[str, str, bool]]]]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
END = NOW + timedelta(days=30)
TICK = timedelta(microseconds=1)


async def expire_all(engine: AsyncEngine, now: datetime, limit: int = 500) -> int:
    batches = 0
    while await expire_ended(engine, now=now, limit=limit):
        batches += 1
    return batches


async def test_a_trial_expires_at_its_end_and_not_before(engine: AsyncEngine, history: History) -> None:
    company = new_id()
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=NOW)
    await expire_all(engine, END - TICK)
    assert await history(company) == [("PRO", "TRIAL", True)]
    await expire_all(engine, END)
    assert await history(company) == [("PRO", "TRIAL", False), ("PRO", "EXPIRED", True)]
    assert await expire_all(engine, END) == 0


async def test_missed_hours_are_made_up_in_batches(engine: AsyncEngine, history: History) -> None:
    companies = [new_id() for _ in range(5)]
    for number, company in enumerate(companies):
        await start_trial(engine, encode, company_id=company, plan_code="FREE", now=NOW + number * timedelta(hours=1))
    assert await expire_all(engine, END + timedelta(hours=9), limit=2) == 3
    for company in companies:
        assert await history(company) == [("FREE", "TRIAL", False), ("FREE", "EXPIRED", True)]


async def test_two_workers_expire_each_once(engine: AsyncEngine, history: History) -> None:
    companies = [new_id() for _ in range(20)]
    for company in companies:
        await start_trial(engine, encode, company_id=company, plan_code="FREE", now=NOW)
    await asyncio.gather(*(expire_all(engine, END, limit=3) for _ in range(4)))
    assert [len(await history(company)) for company in companies] == [2] * 20


async def test_a_reactivation_at_the_same_moment_is_never_lost(engine: AsyncEngine) -> None:
    companies = [new_id() for _ in range(20)]
    for company in companies:
        await start_trial(engine, encode, company_id=company, plan_code="FREE", now=NOW)
    await asyncio.gather(
        *(expire_all(engine, END, limit=3) for _ in range(2)),
        *(
            extend_on_reactivation(engine, encode, company_id=company, company_revision=2, now=END)
            for company in companies
        ),
    )
    async with engine.connect() as connection:
        after = [await subscriptions.current(connection, company) for company in companies]
    assert {each and (each.state, each.expires_at) for each in after} == {(State.ACTIVE, END + timedelta(days=30))}


async def test_a_cancelled_subscription_ends_as_cancelled(engine: AsyncEngine, history: History) -> None:
    company = new_id()
    insert = text("""
        INSERT INTO subscription
            (company_id, revision, plan_code, plan_version, state, started_at, expires_at, changed_at)
        SELECT :company_id, 1000000 + revision, 'PRO', 1, 'CANCELLED', :now, :end, :now FROM clock
    """)
    async with engine.begin() as tx:
        await tx.execute(insert, {"company_id": company, "now": NOW, "end": END})
    await expire_all(engine, END + timedelta(days=1))
    assert await history(company) == [("PRO", "CANCELLED", True)]


async def test_looking_for_ended_periods_reads_the_partial_index(engine: AsyncEngine) -> None:
    """Its condition names the running states: a state that is added must be added to the index."""
    async with engine.connect() as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        states = ", ".join(f"'{state}'" for state in sorted(RUNNING))
        plan = await connection.execute(
            text(f"EXPLAIN SELECT 1 FROM subscription WHERE is_current AND state IN ({states}) AND expires_at <= now()")
        )
        assert "subscription_ends" in "\n".join(plan.scalars())
