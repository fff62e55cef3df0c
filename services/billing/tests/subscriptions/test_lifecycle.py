"""The rules of money, plans, limits and each step of a subscription's life, by example."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money.rules import Money
from billing.plans.rules import Plan
from billing.subscriptions.rules.changes import Kind
from billing.subscriptions.rules.lifecycle import cancel, end_period, extend, mark_past_due, renew, settle, start_trial
from billing.subscriptions.rules.plan_change import Timing, apply_plan, timing
from billing.subscriptions.rules.proration import Charge
from billing.subscriptions.rules.subscription import State, Subscription
from servicekit.errors import Refused

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
COMPANY = UUID("01930000-0000-7000-8000-000000000001")
PLAN = Plan("PRO", 1, "Pro", Money(9900, "USD"), 50, 100 * 10**9, 30)
SMALL = replace(PLAN, code="FREE", price_per_month=Money(0, "USD"), seats=5, storage_bytes=10 * 10**9)
LARGE = replace(PLAN, code="ENTERPRISE", price_per_month=Money(49900, "USD"), seats=999)

TRIAL = start_trial(COMPANY, PLAN, NOW).after
PAID = renew(end_period(start_trial(COMPANY, PLAN, NOW - 30 * DAY).after).after, NOW, owed=0).after
FREE_PERIOD = replace(PAID, charge=None)
PAST_DUE = mark_past_due(PAID, NOW, owed=9900).after
CANCELLED = cancel(PAID, NOW, at_once=False).after
EXPIRED = end_period(TRIAL).after


def test_a_trial_lasts_thirty_days_and_grants_the_whole_plan() -> None:
    assert (TRIAL.state, TRIAL.started_at, TRIAL.monthly_revenue) == (State.TRIAL, NOW, 0)
    granted = TRIAL.entitlement()
    assert granted.access_until == NOW + 30 * DAY
    assert (granted.seats, granted.storage_bytes, granted.screenshot_retention_days) == (50, 100 * 10**9, 30)


def test_a_period_ends_at_its_exact_end() -> None:
    assert not TRIAL.has_ended(TRIAL.expires_at - TICK)
    assert TRIAL.has_ended(TRIAL.expires_at)


@pytest.mark.parametrize(
    ("current", "kind", "state"),
    [
        (TRIAL, Kind.TRIAL_EXPIRED, State.EXPIRED),
        (PAID, Kind.RENEWED, State.ACTIVE),
        (FREE_PERIOD, Kind.EXPIRED, State.EXPIRED),
        (PAST_DUE, Kind.EXPIRED, State.EXPIRED),
    ],
)
def test_the_end_of_a_period(current: Subscription, kind: Kind, state: State) -> None:
    change = end_period(current)
    assert (change.kind, change.at, change.after.state) == (kind, current.expires_at, state)
    assert (change.after.entitlement() == current.entitlement()) == (state is State.EXPIRED)


def test_converting_a_trial_keeps_its_free_days() -> None:
    change = renew(TRIAL, NOW + 10 * DAY, owed=0)
    assert change.kind is Kind.TRIAL_CONVERTED
    assert change.after.charge == Charge.month(NOW + 10 * DAY, 3)
    assert change.after.charge.until == datetime(2027, 1, 3, 12, tzinfo=UTC)
    assert change.after.expires_at == datetime(2027, 1, 23, 12, tzinfo=UTC)
    assert [line.minor_units for line in change.lines] == [9900]
    renewed = end_period(change.after).after
    assert renewed.charge == Charge.month(datetime(2027, 1, 23, 12, tzinfo=UTC), 23)


def test_months_keep_the_day_on_which_the_first_of_them_began() -> None:
    current = renew(EXPIRED, datetime(2027, 1, 31, tzinfo=UTC), owed=0).after
    ends = []
    for _ in range(4):
        ends.append(f"{current.expires_at:%m-%d}")
        current = end_period(current).after
    assert ends == ["02-28", "03-31", "04-30", "05-31"]


def test_renewing_by_hand() -> None:
    assert renew(EXPIRED, NOW + 90 * DAY, owed=0).after.started_at == NOW + 90 * DAY
    resumed = renew(CANCELLED, NOW + DAY, owed=9900)
    assert (resumed.kind, resumed.after, resumed.lines) == (Kind.RESUMED, replace(PAID, has_paid=True), ())
    assert renew(FREE_PERIOD, NOW + DAY, owed=0).kind is Kind.RENEWED
    assert renew(PAST_DUE, NOW + DAY, owed=0).kind is Kind.PAID
    with pytest.raises(Refused, match=r"99\.00 USD are owed: record the payment"):
        renew(PAST_DUE, NOW + DAY, owed=9900)
    with pytest.raises(Refused, match="renews by itself on 23 Dec 2026"):
        renew(PAID, NOW + DAY, owed=0)


@pytest.mark.parametrize("current", [TRIAL, PAID, PAST_DUE, CANCELLED, EXPIRED])
@pytest.mark.parametrize("later", [timedelta(0), 3 * DAY, 40 * DAY])
def test_extending(current: Subscription, later: timedelta) -> None:
    now, until = NOW + later, NOW + 33 * DAY + later
    change = extend(current, now, until)
    assert change is not None
    assert change.after.expires_at == until
    assert change.kind is (Kind.REOPENED if current.has_ended(now) else Kind.EXTENDED)
    assert change.after.state is (State.ACTIVE if current.has_ended(now) else current.state)
    assert extend(change.after, now, until) is None


def test_cancelling() -> None:
    assert (CANCELLED.state, CANCELLED.expires_at, CANCELLED.monthly_revenue) == (State.CANCELLED, PAID.expires_at, 0)
    half = NOW + (PAID.expires_at - NOW) / 2
    at_once = cancel(PAID, half, at_once=True)
    assert [line.minor_units for line in at_once.lines] == [-4950]
    assert at_once.after.expires_at == half
    assert cancel(CANCELLED, half, at_once=True).lines == at_once.lines
    assert cancel(PAID, NOW, at_once=True).after.expires_at == NOW + TICK
    assert cancel(TRIAL, NOW, at_once=False).kind is Kind.TRIAL_CANCELLED
    with pytest.raises(Refused, match="cancelled already and ends on 23 Dec 2026"):
        cancel(CANCELLED, NOW, at_once=False)
    with pytest.raises(Refused, match="nothing to cancel"):
        cancel(EXPIRED, EXPIRED.expires_at, at_once=True)


def test_past_due_and_paid() -> None:
    assert PAST_DUE.monthly_revenue == 9900
    for current in (TRIAL, FREE_PERIOD, CANCELLED, EXPIRED, PAST_DUE):
        with pytest.raises(Refused, match="Only an active subscription that is charged"):
            mark_past_due(current, NOW, owed=1)
    with pytest.raises(Refused, match="Nothing is owed"):
        mark_past_due(PAID, NOW, owed=0)
    assert settle(PAST_DUE, NOW, owed=1) is None
    assert settle(PAID, NOW, owed=0) is None
    paid = settle(PAST_DUE, NOW, owed=-5)
    assert paid is not None
    assert paid.after.state is State.ACTIVE


@pytest.mark.parametrize(
    ("current", "wanted", "asked", "expected"),
    [
        (PAID, LARGE, None, Timing.NOW),
        (PAID, SMALL, None, Timing.PERIOD_END),
        (PAID, SMALL, Timing.NOW, Timing.NOW),
        (PAID, LARGE, Timing.PERIOD_END, Timing.PERIOD_END),
        (PAST_DUE, SMALL, None, Timing.PERIOD_END),
        (TRIAL, SMALL, None, Timing.NOW),
        (CANCELLED, SMALL, None, Timing.NOW),
        (PAID, replace(PLAN, version=2, seats=40), None, Timing.PERIOD_END),  # of one price: the limits tell
        (PAID, replace(PLAN, version=2, seats=60), None, Timing.NOW),
    ],
)
def test_when_a_plan_changes(current: Subscription, wanted: Plan, asked: Timing | None, expected: Timing) -> None:
    assert timing(current, wanted, asked, NOW) is expected


def test_changes_of_plan_that_lead_nowhere() -> None:
    with pytest.raises(Refused, match="is on version 1 of PRO already"):
        timing(PAID, PLAN, None, NOW)
    for current in (CANCELLED, EXPIRED):
        with pytest.raises(Refused, match="no period follows"):
            timing(current, SMALL, Timing.PERIOD_END, NOW)


def test_an_upgrade_credits_the_rest_and_charges_it_anew() -> None:
    third = NOW + (PAID.expires_at - NOW) / 3
    change = apply_plan(PAID, LARGE, third)
    assert [(line.plan.code, line.minor_units) for line in change.lines] == [("PRO", -6600), ("ENTERPRISE", 33267)]
    assert apply_plan(TRIAL, LARGE, third).lines == ()
    assert apply_plan(extend(PAID, NOW, NOW + 60 * DAY).after, LARGE, NOW + 50 * DAY).lines == ()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fields",
    [
        {"expires_at": PAID.started_at},
        {"state": State.TRIAL},
        {"state": State.PAST_DUE, "charge": None},
        {"started_at": NOW - DAY},
        {"expires_at": NOW + DAY},
    ],
)
def test_illegal_subscriptions_cannot_be_made(fields: dict[str, object]) -> None:
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
