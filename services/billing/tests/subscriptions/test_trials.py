"""Starting and extending on a real database, with the service's own role."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from billing.subscriptions.messages import encode
from billing.subscriptions.rules.subscription import State, Subscription
from billing.subscriptions.store import history as subscriptions
from billing.subscriptions.use_cases.company_events import extend_on_reactivation, start_trial
from billing.subscriptions.use_cases.periods import end_periods
from billing.subscriptions.use_cases.queries import get_subscription, list_subscription_changes
from servicekit.errors import Refused
from servicekit.ids import new_id

History = Callable[[UUID], Awaitable[list[tuple[str, str, bool]]]]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


async def start(engine: AsyncEngine, company_id: UUID, plan_code: str = "PRO", now: datetime = NOW) -> None:
    await start_trial(engine, encode, company_id=company_id, plan_code=plan_code, now=now)


async def reactivate(engine: AsyncEngine, company_id: UUID, revision: int, now: datetime) -> None:
    await extend_on_reactivation(engine, encode, company_id=company_id, company_revision=revision, now=now)


async def current(engine: AsyncEngine, company_id: UUID) -> Subscription:
    async with engine.connect() as connection:
        found = await subscriptions.current(connection, company_id)
    assert found is not None
    return found.subscription


async def announced(engine: AsyncEngine, company_id: UUID) -> list[str]:
    statement = text("""
        SELECT subject FROM outbox WHERE payload LIKE :pattern AND subject LIKE '%.subscription.%' ORDER BY id
    """)
    async with engine.connect() as connection:
        rows = await connection.execute(statement, {"pattern": b"%" + str(company_id).encode() + b"%"})
        return [str(subject).removeprefix("billing.v1.subscription.") for subject in rows.scalars()]


async def test_a_trial_starts_once(engine: AsyncEngine, history: History) -> None:
    company = new_id()
    await asyncio.gather(*(start(engine, company, code) for code in ("PRO", "PRO", "FREE")))
    assert len(await history(company)) == 1
    assert await announced(engine, company) == ["started"]
    trial = await current(engine, company)
    assert (trial.state, trial.expires_at) == (State.TRIAL, NOW + 30 * DAY)


async def test_an_unknown_plan_gives_the_cheapest_and_a_warning(engine: AsyncEngine, history: History) -> None:
    company = new_id()
    with capture_logs() as logs:
        await start(engine, company, "PLATINUM")
    assert await history(company) == [("FREE", "TRIAL", True)]
    assert [(entry["log_level"], entry["asked"], entry["taken"]) for entry in logs] == [("warning", "PLATINUM", "FREE")]


async def test_reactivation_extends_once_for_each_revision(engine: AsyncEngine, history: History) -> None:
    company = new_id()
    await start(engine, company)
    await reactivate(engine, company, 7, NOW + 10 * DAY)
    await reactivate(engine, company, 7, NOW + 20 * DAY)
    await reactivate(engine, company, 6, NOW + 20 * DAY)
    assert (await current(engine, company)).expires_at == NOW + 40 * DAY
    assert await history(company) == [("PRO", "TRIAL", False), ("PRO", "TRIAL", True)]
    await reactivate(engine, company, 8, NOW + 20 * DAY)
    assert (await current(engine, company)).expires_at == NOW + 50 * DAY
    assert await announced(engine, company) == ["started", "extended", "extended"]


async def test_reactivation_that_changes_nothing_leaves_no_trace(engine: AsyncEngine, history: History) -> None:
    company = new_id()
    await start(engine, company)
    await reactivate(engine, company, 3, NOW - DAY)
    await reactivate(engine, company, 3, NOW + 29 * DAY)  # the same event again, when it would have mattered
    assert len(await history(company)) == 1
    assert await announced(engine, company) == ["started"]


async def test_reactivation_after_the_end_opens_a_new_period(engine: AsyncEngine, history: History) -> None:
    company = new_id()
    await start(engine, company)
    while await end_periods(engine, encode, now=NOW + 31 * DAY):
        pass
    await reactivate(engine, company, 3, NOW + 45 * DAY)
    after = await current(engine, company)
    assert (after.started_at, after.expires_at) == (NOW + 45 * DAY, NOW + 75 * DAY)
    assert await history(company) == [("PRO", "TRIAL", False), ("PRO", "EXPIRED", False), ("PRO", "ACTIVE", True)]


@pytest.mark.parametrize("days", [-10, 0, 10, 45])
async def test_the_end_that_is_told_beforehand_is_the_end_that_a_reactivation_gives(
    engine: AsyncEngine, days: int
) -> None:
    company, now = new_id(), NOW + days * DAY
    await start(engine, company)
    told = (await get_subscription(engine, company_id=company, now=now)).reactivated_until
    await reactivate(engine, company, 3, now)
    assert (await current(engine, company)).expires_at == told == max(NOW, now) + 30 * DAY


@pytest.mark.parametrize("order", list(itertools.permutations(["created", "created", 5, 9])))
async def test_any_order_of_events_ends_alike(engine: AsyncEngine, order: list[str | int]) -> None:
    company = new_id()
    for event in order:
        if isinstance(event, int):
            await reactivate(engine, company, event, NOW)
        else:
            await start(engine, company, now=NOW)
    after = await current(engine, company)
    assert (after.state, after.expires_at) == (State.TRIAL, NOW + 30 * DAY)
    assert await announced(engine, company) == ["started"]


async def test_changes_come_in_pages_in_order(engine: AsyncEngine) -> None:
    companies = [new_id() for _ in range(5)]
    before = 0
    while page := await list_subscription_changes(engine, after_revision=before, limit=1000):
        before = page[-1].revision
    for company in companies:
        await start(engine, company)
    await reactivate(engine, companies[0], 2, NOW + DAY)
    first = await list_subscription_changes(engine, after_revision=before, limit=3)
    second = await list_subscription_changes(engine, after_revision=first[-1].revision, limit=3)
    assert [change.company_id for change in first + second] == companies[1:] + companies[:1]
    assert await list_subscription_changes(engine, after_revision=second[-1].revision, limit=3) == []


async def test_a_copy_newer_than_the_database_is_not_confirmed(engine: AsyncEngine) -> None:
    with pytest.raises(Refused, match="ask again after revision 0"):
        await list_subscription_changes(engine, after_revision=10**9, limit=10)
