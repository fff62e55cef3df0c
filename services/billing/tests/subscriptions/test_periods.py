"""Periods end at their exact end, also after the worker was away, and whoever else writes meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.use_cases import OwnerRequest
from billing.invoices.use_cases import list_invoice_lines
from billing.subscriptions.messages import encode
from billing.subscriptions.rules.subscription import RUNNING, State
from billing.subscriptions.store import history as subscriptions
from billing.subscriptions.use_cases.company_events import extend_on_reactivation, start_trial
from billing.subscriptions.use_cases.lifecycle import cancel_subscription, renew_subscription
from billing.subscriptions.use_cases.periods import end_periods
from billing.subscriptions.use_cases.queries import list_subscription_history
from servicekit.ids import new_id

History = Callable[[UUID], Awaitable[list[tuple[str, str, bool]]]]
Ask = Callable[..., OwnerRequest]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
END = NOW + timedelta(days=30)
TICK = timedelta(microseconds=1)


async def expire_all(engine: AsyncEngine, now: datetime, limit: int = 500) -> int:
    batches = 0
    while await end_periods(engine, encode, now=now, limit=limit):
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
    assert {each and (each.subscription.state, each.subscription.expires_at) for each in after} == {
        (State.ACTIVE, END + timedelta(days=30))
    }


async def test_a_cancelled_subscription_ends_as_cancelled(engine: AsyncEngine, history: History, ask: Ask) -> None:
    company = new_id()
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=NOW)
    await cancel_subscription(engine, encode, request=ask(), company_id=company, at_once=False, now=NOW)
    await expire_all(engine, END + timedelta(days=1))
    assert await history(company) == [("PRO", "TRIAL", False), ("PRO", "CANCELLED", True)]


async def test_missed_months_are_renewed_each_at_its_moment(engine: AsyncEngine, ask: Ask) -> None:
    company, start = new_id(), datetime(2027, 1, 31, 12, tzinfo=UTC)
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=start)
    await renew_subscription(engine, encode, request=ask(), company_id=company, now=start + timedelta(days=30))
    while await end_periods(engine, encode, now=datetime(2027, 6, 15, tzinfo=UTC)):
        pass
    rows = await list_subscription_history(engine, company_id=company, before_revision=0, limit=10)
    assert [(row.kind, f"{row.at:%m-%d}", f"{row.subscription.expires_at:%m-%d}") for row in reversed(rows)] == [
        ("TRIAL_STARTED", "01-31", "03-02"),
        ("TRIAL_EXPIRED", "03-02", "03-02"),  # over when it was to be paid for: no conversion
        ("RENEWED", "03-02", "04-02"),
        ("RENEWED", "04-02", "05-02"),
        ("RENEWED", "05-02", "06-02"),
        ("RENEWED", "06-02", "07-02"),
    ]
    lines = await list_invoice_lines(engine, company_id=company, before=None, limit=10)
    assert [(line.line.minor_units, f"{line.issued_at:%m-%d}") for line in lines] == [
        (9900, "06-02"),
        (9900, "05-02"),
        (9900, "04-02"),
        (9900, "03-02"),
    ]


async def test_a_call_finds_everything_applied_that_was_due_before_it(engine: AsyncEngine, ask: Ask) -> None:
    """The worker was away for months; what the call decides on is as if it had not been."""
    company = new_id()
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=NOW)
    await renew_subscription(engine, encode, request=ask(), company_id=company, now=NOW)
    await cancel_subscription(engine, encode, request=ask(), company_id=company, at_once=True, now=NOW + 80 * DAY)
    rows = await list_subscription_history(engine, company_id=company, before_revision=0, limit=10)
    assert [row.kind for row in reversed(rows)] == ["TRIAL_STARTED", "TRIAL_CONVERTED", "RENEWED", "CANCELLED"]
    async with engine.begin() as tx:
        then = await subscriptions.at(tx, company, NOW + 70 * DAY)
    assert then is not None
    assert (then.kind, then.superseded_at) == ("RENEWED", NOW + 80 * DAY)


async def test_looking_for_ended_periods_reads_the_partial_index(engine: AsyncEngine) -> None:
    """Its condition names the running states: a state that is added must be added to the index."""
    async with engine.connect() as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        states = ", ".join(f"'{state}'" for state in sorted(RUNNING))
        statement = f"""
            EXPLAIN SELECT 1 FROM subscription
            WHERE superseded_at IS NULL AND state IN ({states}) AND expires_at <= now() ORDER BY expires_at LIMIT 9
        """
        plan = await connection.execute(text(statement))
        assert "subscription_ends" in "\n".join(plan.scalars())
