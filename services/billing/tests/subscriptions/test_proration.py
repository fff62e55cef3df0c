"""Months and the parts of their price: anniversaries, and sums that are exact to the minor unit."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.revenue.rules.months import MonthRange
from billing.subscriptions.rules.dates import next_anniversary
from billing.subscriptions.rules.proration import Charge
from servicekit.errors import InvalidInput

JANUARY = datetime(2027, 1, 31, 8, 30, tzinfo=UTC)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
prices = st.integers(0, 10**7)


def test_a_month_ends_on_its_day_or_on_the_last_of_a_shorter_month() -> None:
    ends = [JANUARY]
    for _ in range(14):
        ends.append(next_anniversary(ends[-1], 31))
    assert [(end.month, end.day) for end in ends] == [
        *((1, 31), (2, 28), (3, 31), (4, 30), (5, 31), (6, 30), (7, 31), (8, 31)),
        *((9, 30), (10, 31), (11, 30), (12, 31), (1, 31), (2, 29), (3, 31)),
    ]
    assert {(end.hour, end.minute) for end in ends} == {(8, 30)}


@given(moments, st.integers(1, 31))
def test_anniversaries_go_through_every_month(start: datetime, day: int) -> None:
    following = next_anniversary(start, day)
    assert following.year * 12 + following.month == start.year * 12 + start.month + 1
    assert following.day == min(day, monthrange(following.year, following.month)[1])


@given(moments, st.lists(st.tuples(st.floats(0, 1.5), prices), max_size=12), prices)
def test_the_parts_of_a_period_add_up_to_its_exact_price(
    start: datetime, changes: list[tuple[float, int]], first: int
) -> None:
    charge, price = Charge.month(start, start.day), first
    length = charge.until - start
    billed, exact, since = charge.total(price), Fraction(0), start
    assert billed == first  # a month with one price costs that price
    for share, following in sorted(changes):
        at = min(start + length * share, charge.until)
        exact += price * Fraction((at - since) // timedelta(microseconds=1), length // timedelta(microseconds=1))
        spent = charge.spent(price, at)
        billed += spent.so_far() - charge.total(price)
        billed += spent.total(following) - spent.so_far()
        charge, price, since = spent, following, at
    exact += price * Fraction((charge.until - since) // timedelta(microseconds=1), length // timedelta(microseconds=1))
    assert billed == int(exact + Fraction(1, 2))  # rounded once, half up


def test_a_charged_part_has_a_length() -> None:
    with pytest.raises(ValueError, match="length"):
        Charge(JANUARY, JANUARY, JANUARY, 0, 31)


def test_ranges_of_months() -> None:
    now = datetime(2027, 3, 10, tzinfo=UTC)
    months = MonthRange.checked(year=2027, month=2, count=5, now=now)
    assert months.starts(now) == [datetime(2027, 2, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)]
    assert months.until(now) == now
    past = MonthRange.checked(year=2026, month=12, count=0, now=now)
    assert (past.count, past.until(now)) == (1, datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("year", "month", "count"), [(2027, 0, 1), (2027, 13, 1), (0, 1, 1), (2027, 1, 121), (2027, 4, 1)]
)
def test_ranges_that_are_none(year: int, month: int, count: int) -> None:
    with pytest.raises(InvalidInput, match="Range "):
        MonthRange.checked(year=year, month=month, count=count, now=datetime(2027, 3, 10, tzinfo=UTC))
