"""A reader that polls while others write has in the end what the database has."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.rules import Action
from billing.db.store import revision_clock
from billing.plans import store as plans
from billing.subscriptions.messages import encode
from billing.subscriptions.rules import lifecycle
from billing.subscriptions.rules.subscription import Entitlement
from billing.subscriptions.use_cases.company_events import extend_on_reactivation, start_trial
from billing.subscriptions.use_cases.periods import end_periods
from billing.subscriptions.use_cases.queries import list_subscription_changes
from billing.subscriptions.use_cases.record_changes import record_changes
from servicekit.ids import new_id
from testkit.waiting import eventually

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACTION = Action("tests", "")
WRITERS = 6
COMPANIES_A_WRITER = 25


async def write(engine: AsyncEngine, seed: int) -> None:
    dice = random.Random(seed)
    for number in range(COMPANIES_A_WRITER):
        company = new_id()
        await start_trial(engine, encode, company_id=company, plan_code="PRO", now=NOW)
        later = NOW + timedelta(days=dice.randint(1, 60))
        if dice.random() < 0.3:
            await end_periods(engine, encode, now=later, limit=10)
        await extend_on_reactivation(engine, encode, company_id=company, company_revision=number, now=later)


async def test_a_polling_reader_misses_nothing(engine: AsyncEngine) -> None:
    copy: dict[UUID, Entitlement] = {}
    seen = 0
    polls_with_changes = 0

    async def poll() -> bool:
        nonlocal seen, polls_with_changes
        page = await list_subscription_changes(engine, after_revision=seen, limit=7)
        for change in page:
            assert change.revision > seen
            seen = change.revision
            copy[change.company_id] = change.subscription.entitlement()
        polls_with_changes += bool(page)
        return bool(page)

    writing = asyncio.gather(*(write(engine, seed) for seed in range(WRITERS)))
    while not writing.done():
        await poll()
    await writing
    while await poll():
        pass
    held = await list_subscription_changes(engine, after_revision=0, limit=1000)
    assert copy == {change.company_id: change.subscription.entitlement() for change in held}
    assert len(copy) == WRITERS * COMPANIES_A_WRITER
    assert polls_with_changes > 1


async def test_a_later_revision_is_not_seen_before_an_earlier_one(engine: AsyncEngine) -> None:
    """A transaction that takes its revision first and commits last makes later ones wait."""
    slow, quick = new_id(), new_id()
    blocked = text("""
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
    """)

    before = await newest(engine)

    async def quick_ended_or_waits() -> bool:
        async with engine.connect() as observer:
            return writing.done() or (await observer.execute(blocked)).scalar_one() > 0

    async with engine.begin() as tx:
        await revision_clock.lock(tx)
        (plan, *_) = await plans.on_offer(tx)
        await record_changes(tx, encode, [(None, lifecycle.start_trial(slow, plan, NOW))], action=ACTION, now=NOW)
        writing = asyncio.create_task(start_trial(engine, encode, company_id=quick, plan_code="PRO", now=NOW))
        await eventually(quick_ended_or_waits)
        assert await list_subscription_changes(engine, after_revision=before, limit=10) == []
    await writing
    changes = await list_subscription_changes(engine, after_revision=before, limit=10)
    assert [change.company_id for change in changes] == [slow, quick]


async def newest(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return await revision_clock.newest(connection)
