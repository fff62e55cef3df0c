"""The lifecycle of a subscription by example."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money.rules import Money
from billing.plans.rules import Plan
from billing.subscriptions.rules.changes import ChangeKind
from billing.subscriptions.rules.lifecycle import cancel, end_period, extend, mark_past_due, renew, settle, start_trial
from billing.subscriptions.rules.plan_change import ChangeTiming, apply_plan, timing
from billing.subscriptions.rules.proration import Charge
from billing.subscriptions.rules.subscription import Subscription, SubscriptionState
from servicekit.errors import Refused

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
COMPANY = UUID("01930000-0000-7000-8000-000000000001")
PLAN = Plan("PRO", 1, "Pro", Money(9900, "USD"), 50, 100 * 10**9, 30)
SMALL = replace(PLAN, code="FREE", price_per_month=Money(0, "USD"), seats=5, storage_bytes=10 * 10**9)
LARGE = replace(PLAN, code="ENTERPRISE", price_per_month=Money(49900, "USD"), seats=999)

TRIAL = start_trial(COMPANY, PLAN, NOW).after
PAID = renew(end_period(start_trial(COMPANY, PLAN, NOW - 30 * DAY).after).after, NOW, balance=0).after
FREE_PERIOD = replace(PAID, charge=None)
PAST_DUE = mark_past_due(PAID, NOW, balance=9900).after
CANCELLED = cancel(PAID, NOW, at_once=False).after
EXPIRED = end_period(TRIAL).after


def test_a_trial_lasts_thirty_days_and_grants_the_whole_plan() -> None:
    assert (TRIAL.state, TRIAL.started_at, TRIAL.monthly_revenue) == (SubscriptionState.TRIAL, NOW, 0)
    granted = TRIAL.entitlement()
    assert granted.access_until == NOW + 30 * DAY
    assert (granted.seats, granted.storage_bytes, granted.screenshot_retention_days) == (50, 100 * 10**9, 30)


def test_a_period_ends_at_its_exact_end() -> None:
    assert not TRIAL.has_ended(TRIAL.expires_at - TICK)
    assert TRIAL.has_ended(TRIAL.expires_at)


@pytest.mark.parametrize(
    ("current", "kind", "state"),
    [
        (TRIAL, ChangeKind.TRIAL_EXPIRED, SubscriptionState.EXPIRED),
        (PAID, ChangeKind.RENEWED, SubscriptionState.ACTIVE),
        (FREE_PERIOD, ChangeKind.EXPIRED, SubscriptionState.EXPIRED),
        (PAST_DUE, ChangeKind.EXPIRED, SubscriptionState.EXPIRED),
    ],
)
def test_the_end_of_a_period(current: Subscription, kind: ChangeKind, state: SubscriptionState) -> None:
    change = end_period(current)
    assert (change.kind, change.at, change.after.state) == (kind, current.expires_at, state)
    assert (change.after.entitlement() == current.entitlement()) == (state is SubscriptionState.EXPIRED)


def test_converting_a_trial_keeps_its_free_days() -> None:
    change = renew(TRIAL, NOW + 10 * DAY, balance=0)
    assert change.kind is ChangeKind.TRIAL_CONVERTED
    assert change.after.charge == Charge.month(NOW + 10 * DAY, 3)
    assert change.after.charge.until == datetime(2027, 1, 3, 12, tzinfo=UTC)
    assert change.after.expires_at == datetime(2027, 1, 23, 12, tzinfo=UTC)
    assert [line.minor_units for line in change.lines] == [9900]
    renewed = end_period(change.after).after
    assert renewed.charge == Charge.month(datetime(2027, 1, 23, 12, tzinfo=UTC), 23)


def test_months_keep_the_day_on_which_the_first_of_them_began() -> None:
    current = renew(EXPIRED, datetime(2027, 1, 31, tzinfo=UTC), balance=0).after
    ends = []
    for _ in range(4):
        ends.append(f"{current.expires_at:%m-%d}")
        current = end_period(current).after
    assert ends == ["02-28", "03-31", "04-30", "05-31"]


def test_renewing_by_hand() -> None:
    assert renew(EXPIRED, NOW + 90 * DAY, balance=0).after.started_at == NOW + 90 * DAY
    resumed = renew(CANCELLED, NOW + DAY, balance=9900)
    assert (resumed.kind, resumed.after, resumed.lines) == (ChangeKind.RESUMED, replace(PAID, has_paid=True), ())
    assert renew(FREE_PERIOD, NOW + DAY, balance=0).kind is ChangeKind.RENEWED
    assert renew(PAST_DUE, NOW + DAY, balance=0).kind is ChangeKind.PAID
    with pytest.raises(Refused, match=r"99\.00 USD are due: record the payment"):
        renew(PAST_DUE, NOW + DAY, balance=9900)
    with pytest.raises(Refused, match="renews automatically on 23 Dec 2026"):
        renew(PAID, NOW + DAY, balance=0)


@pytest.mark.parametrize("current", [TRIAL, PAID, PAST_DUE, CANCELLED, EXPIRED])
@pytest.mark.parametrize("later", [timedelta(0), 3 * DAY, 40 * DAY])
def test_extending(current: Subscription, later: timedelta) -> None:
    now, until = NOW + later, NOW + 33 * DAY + later
    change = extend(current, now, until)
    assert change is not None
    assert change.after.expires_at == until
    assert change.kind is (ChangeKind.REOPENED if current.has_ended(now) else ChangeKind.EXTENDED)
    assert change.after.state is (SubscriptionState.ACTIVE if current.has_ended(now) else current.state)
    assert extend(change.after, now, until) is None


def test_cancelling() -> None:
    assert (CANCELLED.state, CANCELLED.expires_at, CANCELLED.monthly_revenue) == (
        SubscriptionState.CANCELLED,
        PAID.expires_at,
        0,
    )
    half = NOW + (PAID.expires_at - NOW) / 2
    at_once = cancel(PAID, half, at_once=True)
    assert [line.minor_units for line in at_once.lines] == [-4950]
    assert at_once.after.expires_at == half
    assert cancel(CANCELLED, half, at_once=True).lines == at_once.lines
    assert cancel(PAID, NOW, at_once=True).after.expires_at == NOW + TICK
    assert cancel(TRIAL, NOW, at_once=False).kind is ChangeKind.TRIAL_CANCELLED
    with pytest.raises(Refused, match="already cancelled and ends on 23 Dec 2026"):
        cancel(CANCELLED, NOW, at_once=False)
    with pytest.raises(Refused, match="nothing to cancel"):
        cancel(EXPIRED, EXPIRED.expires_at, at_once=True)


def test_past_due_and_paid() -> None:
    assert PAST_DUE.monthly_revenue == 9900
    for current in (TRIAL, FREE_PERIOD, CANCELLED, EXPIRED, PAST_DUE):
        with pytest.raises(Refused, match="Only an active, charged subscription can be past due"):
            mark_past_due(current, NOW, balance=1)
    with pytest.raises(Refused, match="There is no balance due"):
        mark_past_due(PAID, NOW, balance=0)
    assert settle(PAST_DUE, NOW, balance=1) is None
    assert settle(PAID, NOW, balance=0) is None
    paid = settle(PAST_DUE, NOW, balance=-5)
    assert paid is not None
    assert paid.after.state is SubscriptionState.ACTIVE


@pytest.mark.parametrize(
    ("current", "wanted", "asked", "expected"),
    [
        (PAID, LARGE, None, ChangeTiming.NOW),
        (PAID, SMALL, None, ChangeTiming.PERIOD_END),
        (PAID, SMALL, ChangeTiming.NOW, ChangeTiming.NOW),
        (PAID, LARGE, ChangeTiming.PERIOD_END, ChangeTiming.PERIOD_END),
        (PAST_DUE, SMALL, None, ChangeTiming.PERIOD_END),
        (TRIAL, SMALL, None, ChangeTiming.NOW),
        (CANCELLED, SMALL, None, ChangeTiming.NOW),
        (
            PAID,
            replace(PLAN, version=2, seats=40),
            None,
            ChangeTiming.PERIOD_END,
        ),  # at the same price the limits decide
        (PAID, replace(PLAN, version=2, seats=60), None, ChangeTiming.NOW),
    ],
)
def test_when_a_plan_changes(
    current: Subscription, wanted: Plan, asked: ChangeTiming | None, expected: ChangeTiming
) -> None:
    assert timing(current, wanted, asked, NOW) is expected


def test_changes_of_plan_that_lead_nowhere() -> None:
    with pytest.raises(Refused, match="already has version 1 of PRO"):
        timing(PAID, PLAN, None, NOW)
    for current in (CANCELLED, EXPIRED):
        with pytest.raises(Refused, match="no period follows"):
            timing(current, SMALL, ChangeTiming.PERIOD_END, NOW)


def test_an_upgrade_credits_the_rest_and_charges_it_at_the_new_price() -> None:
    third = NOW + (PAID.expires_at - NOW) / 3
    change = apply_plan(PAID, LARGE, third)
    assert [(line.plan.code, line.minor_units) for line in change.lines] == [("PRO", -6600), ("ENTERPRISE", 33267)]
    assert apply_plan(TRIAL, LARGE, third).lines == ()
    assert apply_plan(extend(PAID, NOW, NOW + 60 * DAY).after, LARGE, NOW + 50 * DAY).lines == ()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fields",
    [
        {"expires_at": PAID.started_at},
        {"state": SubscriptionState.TRIAL},
        {"state": SubscriptionState.PAST_DUE, "charge": None},
        {"started_at": NOW - DAY},
        {"expires_at": NOW + DAY},
    ],
)
def test_illegal_subscriptions_cannot_be_made(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"period|contradict"):
        replace(PAID, **fields)


moments = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(moments, moments)
def test_a_later_reactivation_never_gives_less(first: datetime, second: datetime) -> None:
    ends = []
    for now in sorted((first, second)):
        change = extend(TRIAL, now, now + 30 * DAY)
        ends.append(change.after.expires_at if change else TRIAL.expires_at)
    assert ends == sorted(ends)
