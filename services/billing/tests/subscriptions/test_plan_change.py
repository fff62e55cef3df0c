"""Changes of plan on a real database: at once, at the end of a period, refused with the numbers."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.use_cases import OwnerRequest
from billing.limits.rules import Level, Use
from billing.limits.use_cases import take_usage
from billing.subscriptions.messages import encode
from billing.subscriptions.rules.plan_change import ScheduledChange, ScheduledState, Timing
from billing.subscriptions.use_cases.company_events import start_trial
from billing.subscriptions.use_cases.lifecycle import (
    cancel_subscription,
    extend_subscription,
    mark_past_due,
    renew_subscription,
)
from billing.subscriptions.use_cases.periods import end_periods
from billing.subscriptions.use_cases.plan_change import Changed, change_plan, preview_plan_change
from billing.subscriptions.use_cases.scheduled_changes import cancel_scheduled_change, list_scheduled_changes
from contracts.billing.v1.events_pb2 import EntitlementChanged
from idempotency import AlreadyAnswered
from servicekit.errors import InvalidInput, NotFound, Refused
from servicekit.ids import new_id

History = Callable[[UUID], Awaitable[list[tuple[str, str, bool]]]]
Ask = Callable[..., OwnerRequest]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
END = datetime(2026, 12, 23, 12, tzinfo=UTC)


async def paying(engine: AsyncEngine, ask: Ask, plan: str = "PRO") -> UUID:
    """A company in a charged month from NOW to END."""
    company = new_id()
    await start_trial(engine, encode, company_id=company, plan_code=plan, now=NOW - 30 * DAY)
    await renew_subscription(engine, encode, request=ask(), company_id=company, now=NOW)
    return company


async def change(
    engine: AsyncEngine, ask: Ask, company: UUID, code: str, now: datetime, asked: Timing | None = None
) -> Changed:
    return await change_plan(
        engine, encode, request=ask(), company_id=company, code=code, version=0, asked=asked, now=now
    )


async def uses(engine: AsyncEngine, company: UUID, seats: int, day: int = 1) -> None:
    await take_usage(engine, levels=[Level(company, date(2026, 11, day), day, Use(seats, 5 * 10**9))])


async def scheduled_of(engine: AsyncEngine, company: UUID) -> list[ScheduledChange]:
    return await list_scheduled_changes(engine, company_id=company, settled_too=True, after=None, limit=10)


async def finish(engine: AsyncEngine, now: datetime) -> None:
    while await end_periods(engine, encode, now=now):
        pass


async def test_an_upgrade_is_charged_at_once(engine: AsyncEngine, ask: Ask) -> None:
    company, half = await paying(engine, ask), NOW + 15 * DAY
    preview = await preview_plan_change(engine, company_id=company, code="ENTERPRISE", version=0, asked=None, now=half)
    changed = await change(engine, ask, company, "ENTERPRISE", half)
    assert [line.minor_units for line in changed.lines] == [-4950, 24950]
    assert (preview.timing, preview.change.lines) == (Timing.NOW, changed.lines)
    assert changed.record.subscription.plan.seats == 999
    assert changed.record.action == ask().action


async def test_a_downgrade_waits_for_the_end_wherever_it_moves(engine: AsyncEngine, ask: Ask, history: History) -> None:
    company = await paying(engine, ask)
    changed = await change(engine, ask, company, "FREE", NOW + DAY)
    assert changed.scheduled is not None
    assert (changed.scheduled.due_at, changed.lines) == (END, ())
    await extend_subscription(engine, encode, request=ask(), company_id=company, days=7, now=NOW + 2 * DAY)
    (waiting,) = await scheduled_of(engine, company)
    assert (waiting.state, waiting.due_at) == (ScheduledState.PENDING, END + 7 * DAY)
    await finish(engine, END + 7 * DAY - DAY)
    assert (await history(company))[-1] == ("PRO", "ACTIVE", True)
    await finish(engine, END + 8 * DAY)
    assert (await history(company))[-2:] == [("FREE", "ACTIVE", False), ("FREE", "ACTIVE", True)]
    (applied,) = await scheduled_of(engine, company)
    assert (applied.state, applied.due_at) == (ScheduledState.APPLIED, END + 7 * DAY)


async def test_a_downgrade_now_when_asked(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    changed = await change(engine, ask, company, "FREE", NOW + 15 * DAY, Timing.NOW)
    assert [line.minor_units for line in changed.lines] == [-4950]
    assert changed.record.subscription.monthly_revenue == 0


async def test_a_downgrade_below_the_use_is_refused_with_the_numbers(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    await uses(engine, company, seats=12)
    for asked in (None, Timing.NOW):
        preview = await preview_plan_change(engine, company_id=company, code="FREE", version=0, asked=asked, now=NOW)
        assert [(each.in_use, each.limit) for each in preview.shortages] == [(12, 5)]
        with pytest.raises(Refused, match="FREE is too small: 12 seats are in use and 5 would be allowed"):
            await change(engine, ask, company, "FREE", NOW, asked)
    assert await scheduled_of(engine, company) == []
    await uses(engine, company, seats=5, day=2)
    assert (await change(engine, ask, company, "FREE", NOW)).scheduled


async def test_a_downgrade_that_became_too_small_is_refused_at_its_moment(
    engine: AsyncEngine, ask: Ask, history: History
) -> None:
    company = await paying(engine, ask)
    await change(engine, ask, company, "FREE", NOW + DAY)
    await uses(engine, company, seats=6)
    await finish(engine, END)
    assert (await history(company))[-1] == ("PRO", "ACTIVE", True)
    (refused,) = await scheduled_of(engine, company)
    assert (refused.state, refused.outcome) == (
        ScheduledState.REFUSED,
        "6 seats are in use and 5 would be allowed",
    )


async def test_a_scheduled_change_is_withdrawn_by_hand_by_another_and_by_cancelling(
    engine: AsyncEngine, ask: Ask
) -> None:
    company = await paying(engine, ask, "ENTERPRISE")
    first = (await change(engine, ask, company, "FREE", NOW)).scheduled
    assert first is not None
    request = ask()
    withdrawn = await cancel_scheduled_change(engine, encode, request=request, change_id=first.id, now=NOW)
    assert withdrawn.state is ScheduledState.WITHDRAWN
    with pytest.raises(AlreadyAnswered):
        await cancel_scheduled_change(engine, encode, request=request, change_id=first.id, now=NOW)
    with pytest.raises(Refused, match="The change was withdrawn on 23 Nov 2026"):
        await cancel_scheduled_change(engine, encode, request=ask(), change_id=first.id, now=NOW)
    await change(engine, ask, company, "FREE", NOW)
    await change(engine, ask, company, "PRO", NOW)
    await cancel_subscription(engine, encode, request=ask(), company_id=company, at_once=False, now=NOW)
    assert [(each.plan.code, each.state, each.outcome) for each in await scheduled_of(engine, company)] == [
        ("FREE", ScheduledState.WITHDRAWN, "withdrawn by owner@example.com: asked"),
        ("FREE", ScheduledState.WITHDRAWN, "replaced by a change to PRO"),
        ("PRO", ScheduledState.WITHDRAWN, "the subscription was cancelled"),
    ]
    with pytest.raises(NotFound, match="no scheduled change"):
        await cancel_scheduled_change(engine, encode, request=ask(), change_id=new_id(), now=NOW)


async def test_the_same_scheduled_change_is_not_ordered_twice(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask, "ENTERPRISE")
    first = (await change(engine, ask, company, "FREE", NOW)).scheduled
    assert first is not None
    with pytest.raises(Refused, match=r"to version 1 of FREE on .* is scheduled already"):
        await change(engine, ask, company, "FREE", NOW)
    (waiting,) = await scheduled_of(engine, company)
    assert (waiting.id, waiting.state) == (first.id, ScheduledState.PENDING)


async def test_scheduled_changes_come_in_pages(engine: AsyncEngine, ask: Ask) -> None:
    companies = [await paying(engine, ask) for _ in range(3)]
    for company in companies:
        await change(engine, ask, company, "FREE", NOW + 2 * DAY)
    found: list[ScheduledChange] = []
    while page := await list_scheduled_changes(
        engine, company_id=None, settled_too=False, after=found[-1].id if found else None, limit=2
    ):
        found += page
    assert [each.company_id for each in found][-3:] == companies


async def test_the_gateways_are_told_of_other_limits_and_ends_alone(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    assert await told(engine, company) == [(50, NOW), (50, END)]  # the trial, then the charged month
    await change(engine, ask, company, "ENTERPRISE", NOW)
    await change(engine, ask, company, "PRO", NOW)  # waits
    await mark_past_due(engine, encode, request=ask(), company_id=company, now=NOW)
    assert await told(engine, company) == [(50, NOW), (50, END), (999, END)]
    await finish(engine, END)  # the plan changes, and the end is where it was
    assert (await told(engine, company))[3:] == [(50, END)]


async def told(engine: AsyncEngine, company: UUID) -> list[tuple[int, datetime]]:
    """Seats and end of each announced entitlement."""
    statement = text("SELECT payload FROM outbox WHERE subject = 'billing.v1.entitlement.changed' ORDER BY id")
    async with engine.connect() as connection:
        payloads = (await connection.execute(statement)).scalars().all()
    events = [EntitlementChanged.FromString(payload).entitlement for payload in payloads]
    return [(each.seats, each.access_until.ToDatetime(UTC)) for each in events if each.company_id == str(company)]


async def test_what_there_is_not(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    with pytest.raises(NotFound, match="no plan PLATINUM"):
        await change(engine, ask, company, "PLATINUM", NOW)
    with pytest.raises(NotFound, match="has no subscription"):
        await change(engine, ask, new_id(), "FREE", NOW)
    with pytest.raises(InvalidInput, match="Days must be 1 to 366, not "):
        await extend_subscription(engine, encode, request=ask(), company_id=company, days=0, now=NOW)
