"""Closed companies: what ends, what is refused, what can still be paid, in any order of events."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.use_cases import OwnerRequest
from billing.invoices.use_cases import list_invoice_lines
from billing.money.rules import Money
from billing.payments.client import ManualMethod
from billing.payments.use_cases import record_payment
from billing.plan_versions.use_cases import move_subscriptions, preview_plan_version
from billing.plans import store as plans
from billing.plans.rules import Plan
from billing.revenue.rules.months import MonthRange
from billing.revenue.use_cases import get_revenue_report
from billing.subscriptions.messages import encode
from billing.subscriptions.rules.refusals import SubscriptionStep
from billing.subscriptions.use_cases.company_events import cancel_on_closing, extend_on_reactivation, start_trial
from billing.subscriptions.use_cases.lifecycle import (
    cancel_subscription,
    extend_subscription,
    mark_past_due,
    renew_subscription,
)
from billing.subscriptions.use_cases.periods import end_periods
from billing.subscriptions.use_cases.plan_change import change_plan, preview_plan_change
from billing.subscriptions.use_cases.queries import get_subscription, list_subscription_history
from servicekit.errors import Refused
from servicekit.ids import new_id

Ask = Callable[..., OwnerRequest]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CLOSED = NOW + 40 * DAY  # PRO is charged from 23 November, and the remaining days of the trial follow: to 22 January
AFTER = NOW + 41 * DAY
OVER = NOW + 200 * DAY
LONGER = Plan("PRO", 0, "Pro", Money(9900, "USD"), 50, 100 * 10**9, 90)


async def paying(engine: AsyncEngine, ask: Ask) -> UUID:
    company = new_id()
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=NOW)
    await renew_subscription(engine, encode, request=ask(), company_id=company, now=NOW)
    return company


async def close(engine: AsyncEngine, company: UUID, *, at: datetime = CLOSED, heard: datetime = CLOSED) -> None:
    await cancel_on_closing(engine, encode, company_id=company, closed_at=at, now=heard)


async def pay(engine: AsyncEngine, ask: Ask, company: UUID, cents: int) -> Any:
    return await record_payment(
        engine,
        encode,
        ManualMethod(),
        request=ask(),
        company_id=company,
        amount=Money(cents, "USD"),
        reference="",
        received_at=None,
        now=AFTER,
    )


async def pass_time(engine: AsyncEngine, now: datetime) -> None:
    while await end_periods(engine, encode, now=now):
        pass


async def rows(engine: AsyncEngine, company: UUID) -> list[tuple[str, str]]:
    found = await list_subscription_history(engine, company_id=company, before_revision=0, limit=20)
    return [(row.kind, f"{row.at:%m-%d}") for row in reversed(found)]


Change = Callable[[AsyncEngine, OwnerRequest, UUID, datetime], Awaitable[Any]]
CHANGES: dict[str, Change] = {
    "renew": lambda engine, request, company, now: renew_subscription(
        engine, encode, request=request, company_id=company, now=now
    ),
    "extend": lambda engine, request, company, now: extend_subscription(
        engine, encode, request=request, company_id=company, days=7, now=now
    ),
    "mark past due": lambda engine, request, company, now: mark_past_due(
        engine, encode, request=request, company_id=company, now=now
    ),
    "change plan": lambda engine, request, company, now: change_plan(
        engine, encode, request=request, company_id=company, code="ENTERPRISE", version=0, asked=None, now=now
    ),
    "preview": lambda engine, _, company, now: preview_plan_change(
        engine, company_id=company, code="ENTERPRISE", version=0, asked=None, now=now
    ),
}


@pytest.mark.parametrize("now", [AFTER, OVER], ids=["in its last period", "when all is over"])
@pytest.mark.parametrize("change", CHANGES)
async def test_nothing_makes_it_go_on(engine: AsyncEngine, ask: Ask, change: str, now: datetime) -> None:
    company = await paying(engine, ask)
    await close(engine, company)
    before = await rows(engine, company)
    with pytest.raises(
        Refused,
        match=r"The company was closed on 2 Jan 2027, so .*\. To serve this customer again",
    ):
        await CHANGES[change](engine, ask(), company, now)
    await extend_on_reactivation(engine, encode, company_id=company, company_revision=9, now=now)
    await pass_time(engine, OVER)
    assert await rows(engine, company) == before
    assert before[-1] == ("CANCELLED", "01-02")


async def test_a_subscription_that_was_over_stays_over(engine: AsyncEngine, ask: Ask) -> None:
    company = new_id()
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=NOW)
    await close(engine, company)
    with pytest.raises(Refused, match="was closed"):
        await CHANGES["renew"](engine, ask(), company, AFTER)
    assert await rows(engine, company) == [("TRIAL_STARTED", "11-23"), ("TRIAL_EXPIRED", "12-23")]


async def test_the_balance_can_be_paid_and_no_more(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    await close(engine, company)
    with pytest.raises(Refused, match=r"99\.00 USD, and the company is closed: record at most that amount"):
        await pay(engine, ask, company, 9901)
    assert (await pay(engine, ask, company, 9900)).balance.minor_units == 0
    with pytest.raises(Refused, match="There is no balance due, and the company is closed"):
        await pay(engine, ask, company, 1)
    details = await get_subscription(engine, company_id=company, now=AFTER)
    assert set(details.refusals) == set(SubscriptionStep) - {SubscriptionStep.CANCEL}


async def test_unused_time_can_still_be_credited(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    await close(engine, company, at=NOW + 10 * DAY)
    credited = await cancel_subscription(
        engine, encode, request=ask(), company_id=company, at_once=True, now=NOW + 15 * DAY
    )
    assert [line.minor_units for line in credited.lines] == [-4950]


async def test_it_adds_no_revenue_and_has_no_access(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    months = MonthRange.checked(year=2027, month=1, count=1, now=AFTER)
    before = await get_revenue_report(engine, months=months, now=AFTER)
    await close(engine, company)
    after = await get_revenue_report(engine, months=months, now=AFTER)
    assert after.bridge.end == before.bridge.end - 9900
    assert sum(each.subscriptions for each in before.with_access) == 1 + sum(
        each.subscriptions for each in after.with_access
    )


async def test_it_keeps_its_plan_version(engine: AsyncEngine, ask: Ask) -> None:
    company, open_one = await paying(engine, ask), await paying(engine, ask)
    await close(engine, company)
    preview = await preview_plan_version(engine, terms=LONGER, now=AFTER, after=None, limit=1_000)
    affected = {effect.subscription.company_id for effect in preview.effects}
    assert (open_one in affected, company in affected) == (True, False)
    async with engine.begin() as tx:
        await plans.add(tx, LONGER.numbered(2))
    moved = await move_subscriptions(
        engine, encode, request=ask(), plan_code="PRO", to_version=2, after=None, now=AFTER
    )
    assert (open_one in moved.company_ids, company in moved.company_ids) == (True, False)


async def test_heard_before_the_creation(engine: AsyncEngine) -> None:
    company = new_id()
    await close(engine, company)
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=AFTER)
    assert await rows(engine, company) == []


MEANWHILE = {"nothing": (), "extended": ("extend",), "past due": ("mark past due",), "upgraded": ("change plan",)}


@pytest.mark.parametrize("renewals", [0, 1, 3])
@pytest.mark.parametrize("meanwhile", MEANWHILE)
async def test_heard_late_nothing_is_charged_for_the_time_since(
    engine: AsyncEngine, ask: Ask, meanwhile: str, renewals: int
) -> None:
    """The result is the same as without the delay, whatever happened to the subscription in the meantime."""
    punctual, late = await paying(engine, ask), await paying(engine, ask)
    await close(engine, punctual)
    heard = CLOSED + timedelta(days=2 + 31 * renewals)
    await pass_time(engine, heard - DAY)
    assert len(await lines(engine, late)) == 1 + renewals
    for change in MEANWHILE[meanwhile]:
        await CHANGES[change](engine, ask(), late, heard - DAY)
    await close(engine, late, heard=heard)
    at_once, after_all = [await get_subscription(engine, company_id=each, now=heard) for each in (punctual, late)]
    same = replace(after_all.record.subscription, company_id=punctual)
    assert same == at_once.record.subscription
    assert after_all.balance == at_once.balance
    assert sum(each.line.minor_units for each in await lines(engine, late) if each.issued_at > CLOSED) == 0
    before = await rows(engine, late)
    await pass_time(engine, OVER)
    await close(engine, late, heard=OVER)
    assert await rows(engine, late) == before


async def test_heard_before_the_ends_that_are_made_up_for(engine: AsyncEngine, ask: Ask) -> None:
    """billing was down when the company was closed, and the period has ended: it is cancelled as of the closing."""
    company = await paying(engine, ask)
    await close(engine, company, heard=OVER)
    await pass_time(engine, OVER)
    assert (await rows(engine, company))[-1] == ("CANCELLED", "01-02")
    assert [line.line.minor_units for line in await lines(engine, company)] == [9900]


@pytest.mark.parametrize("first", ["the period's end", "the closing"])
@pytest.mark.parametrize(("after", "balance"), [(timedelta(seconds=-1), 9900), (timedelta(0), 19800)])
async def test_a_month_that_began_before_the_closing_is_charged(
    engine: AsyncEngine, ask: Ask, after: timedelta, balance: int, first: str
) -> None:
    company = await paying(engine, ask)
    ends = (await get_subscription(engine, company_id=company, now=NOW)).record.subscription.expires_at
    heard = ends + timedelta(seconds=2)
    if first == "the period's end":
        await pass_time(engine, heard)
    await close(engine, company, at=ends + after, heard=heard)
    await pass_time(engine, OVER)
    assert (await get_subscription(engine, company_id=company, now=OVER)).balance.minor_units == balance


async def test_time_that_was_credited_before_it_was_heard_stays_credited(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    await cancel_subscription(engine, encode, request=ask(), company_id=company, at_once=True, now=NOW + 15 * DAY)
    before = await rows(engine, company)
    await close(engine, company, at=NOW + 10 * DAY, heard=AFTER)
    assert await rows(engine, company) == before
    assert (await get_subscription(engine, company_id=company, now=AFTER)).balance.minor_units == 4950


async def test_one_that_went_on_by_mistake_ends_with_its_period(engine: AsyncEngine, ask: Ask) -> None:
    """The state that a closing could leave before this rule existed."""
    company = await paying(engine, ask)
    async with engine.begin() as tx:
        await tx.execute(text("INSERT INTO closing VALUES (:company, :at)"), {"company": company, "at": CLOSED})
    await pass_time(engine, OVER)
    assert (await rows(engine, company))[-1] == ("EXPIRED", "01-22")
    assert len(await lines(engine, company)) == 1


async def lines(engine: AsyncEngine, company: UUID) -> Any:
    return await list_invoice_lines(engine, company_id=company, before=None, limit=20)
