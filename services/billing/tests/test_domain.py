"""The rules of money, plans and subscriptions, by example and for all inputs."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.money import Money
from billing.domain.plan import Plan, cheapest_first
from billing.domain.subscription import RUNNING, State, Subscription

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
COMPANY = UUID("01930000-0000-7000-8000-000000000001")
PLAN = Plan("PRO", 1, "Pro", Money(9900, "USD"), 50, 100 * 10**9, 30)
THIRTY_DAYS = timedelta(days=30)

moments = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
periods = st.timedeltas(timedelta(microseconds=1), timedelta(days=800))
states = st.sampled_from(State)


@st.composite
def subscriptions(draw: st.DrawFn) -> Subscription:
    started_at = draw(moments)
    return Subscription(COMPANY, PLAN, draw(states), started_at, started_at + draw(periods))


@pytest.mark.parametrize("currency", ["usd", "US", "USDT", "", "US1", "USD\n"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, currency)


def test_money_of_two_currencies_has_no_order() -> None:
    assert Money(1, "EUR") < Money(2, "EUR")
    with pytest.raises(ValueError, match="cannot be compared"):
        _ = Money(1, "EUR") < Money(2, "USD")


def test_plans_are_ordered_by_price_then_code() -> None:
    free = replace(PLAN, code="FREE", price_per_month=Money(0, "USD"))
    same_price = replace(PLAN, code="ALPHA")
    assert cheapest_first([PLAN, same_price, free]) == [free, same_price, PLAN]


def test_a_plan_version_never_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        PLAN.seats = 51  # type: ignore[misc]


def test_a_trial_lasts_thirty_days_and_grants_the_whole_plan() -> None:
    trial = Subscription.trial(COMPANY, PLAN, NOW)
    assert (trial.state, trial.started_at) == (State.TRIAL, NOW)
    granted = trial.entitlement()
    assert granted.access_until == NOW + THIRTY_DAYS
    assert (granted.seats, granted.storage_bytes, granted.screenshot_retention_days) == (50, 100 * 10**9, 30)


def test_a_period_ends_at_its_exact_end() -> None:
    trial = Subscription.trial(COMPANY, PLAN, NOW)
    end = trial.expires_at
    assert trial.expired(end - timedelta(microseconds=1)) == trial
    assert trial.expired(end) == replace(trial, state=State.EXPIRED)


@pytest.mark.parametrize(
    ("state", "left", "expected_state", "expected_left"),
    [
        (State.TRIAL, timedelta(days=3), State.TRIAL, THIRTY_DAYS),
        (State.TRIAL, timedelta(0), State.ACTIVE, THIRTY_DAYS),  # over, the worker has not seen it yet
        (State.EXPIRED, timedelta(days=-90), State.ACTIVE, THIRTY_DAYS),
        (State.ACTIVE, timedelta(days=300), State.ACTIVE, timedelta(days=300)),
        (State.PAST_DUE, timedelta(days=1), State.PAST_DUE, THIRTY_DAYS),
        (State.CANCELLED, timedelta(days=-1), State.ACTIVE, THIRTY_DAYS),
    ],
)
def test_reactivation(state: State, left: timedelta, expected_state: State, expected_left: timedelta) -> None:
    before = Subscription(COMPANY, PLAN, state, NOW - timedelta(days=400), NOW + left)
    after = before.extended_on_reactivation(NOW)
    assert (after.state, after.expires_at - NOW) == (expected_state, expected_left)


@given(subscriptions(), moments)
def test_reactivation_never_shortens_and_always_opens(before: Subscription, now: datetime) -> None:
    after = before.extended_on_reactivation(now)
    assert after.expires_at >= max(before.expires_at, now + THIRTY_DAYS)
    assert not after.has_ended(now)
    assert after.state == (State.ACTIVE if before.has_ended(now) else before.state)
    assert after.extended_on_reactivation(now) == after
    assert after.plan == before.plan


@given(subscriptions(), moments)
def test_expiry_changes_the_state_alone_and_never_access(before: Subscription, now: datetime) -> None:
    after = before.expired(now)
    ended = before.state in RUNNING and before.has_ended(now)
    assert after == (replace(before, state=State.EXPIRED) if ended else before)
    assert after.entitlement() == before.entitlement()
    assert after.expired(now) == after


@given(subscriptions(), moments, moments)
def test_a_later_reactivation_never_gives_less(before: Subscription, first: datetime, second: datetime) -> None:
    early, late = sorted((first, second))
    assert before.extended_on_reactivation(late).expires_at >= before.extended_on_reactivation(early).expires_at
