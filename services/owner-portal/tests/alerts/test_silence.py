"""Silence is measured against a company's own rhythm: who keeps to it raises no alarm, who drops out of it does."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from owner_portal.alerts.rules.silence import MAX_SLACK, MIN_WORKED_DAYS, WINDOW, Signs, habits_of, is_silent

MONDAY = date(2026, 6, 1)
WEEKLY = st.frozensets(st.integers(0, 6), min_size=1)
DAYS = st.integers(0, 6)
SHORT = 5  # days: what rests a weekend may rest so long


def bits(worked: set[date], today: date) -> int:
    return sum(1 << (today - day).days - 1 for day in worked if 1 <= (today - day).days <= WINDOW)


def silent(worked: set[date], today: date, *, hour: int = 12, synced: datetime | None = None) -> bool | None:
    """As of an hour of `today`, by trackers that last called in the evening of the last day of work."""
    past = {day for day in worked if day <= today}
    synced = synced or datetime.combine(max(past), time(20), UTC)
    now = datetime.combine(today, time(hour), UTC)
    return is_silent(Signs(today, bits(past, today), min(synced, now).date(), min(synced, now)), now)


def weeks(pattern: frozenset[int], *, start: date = MONDAY, count: int = 10) -> set[date]:
    days = (start + timedelta(days=number) for number in range(7 * count))
    return {day for day in days if day.weekday() in pattern}


@given(WEEKLY, DAYS, st.integers(0, 19))
def test_a_weekly_rhythm_that_goes_on_is_no_alarm(pattern: frozenset[int], ahead: int, hour: int) -> None:
    worked = weeks(pattern)
    assert silent(worked, MONDAY + timedelta(days=63 + ahead), hour=hour) is not True


@given(WEEKLY, DAYS)
def test_a_weekly_rhythm_that_stops_is_an_alarm_within_eight_days(pattern: frozenset[int], last: int) -> None:
    stopped = MONDAY + timedelta(days=56 + last)
    worked = {day for day in weeks(pattern) if day <= stopped}
    assert any(silent(worked, stopped + timedelta(days=age)) for age in range(1, 9))


@given(st.integers(1, 18), st.integers(0, 17))
def test_every_so_many_days_is_a_rhythm_too(every: int, phase: int) -> None:
    worked = {MONDAY + timedelta(days=phase + number) for number in range(0, 180, every)}
    first = MONDAY + timedelta(days=phase + 100)
    assert not any(silent(worked, first + timedelta(days=age)) for age in range(every))
    until_then = {day for day in worked if day <= first}
    assert any(silent(until_then, first + timedelta(days=age)) for age in range(2 * every + SHORT))


@given(st.integers(0, 2**WINDOW - 1), DAYS)
def test_habits_of_anything(worked: int, weekday: int) -> None:
    habits = habits_of(worked, weekday)
    if worked.bit_count() < MIN_WORKED_DAYS:
        assert habits is None
    else:
        assert habits is not None
        assert 0 <= habits.slack <= MAX_SLACK
        assert 3 <= habits.gap < WINDOW


def test_a_weekend_is_no_alarm_and_a_missed_monday_is() -> None:
    friday = MONDAY + timedelta(days=60)
    worked = {day for day in weeks(frozenset(range(5))) if day <= friday}
    assert [silent(worked, friday + timedelta(days=age)) for age in range(5)] == [False, False, False, False, True]


def test_a_young_company_may_rest_over_its_first_weekend() -> None:
    worked = {MONDAY + timedelta(days=number) for number in range(5)}
    friday = MONDAY + timedelta(days=4)
    assert [silent(worked, friday + timedelta(days=age)) for age in range(5)] == [False, False, False, False, True]


def test_a_holiday_that_was_does_not_hide_the_next_silence() -> None:
    holiday = {MONDAY + timedelta(days=number) for number in range(21, 42)}
    friday = MONDAY + timedelta(days=60)
    worked = {day for day in weeks(frozenset(range(5))) - holiday if day <= friday}
    assert not silent(worked, friday + timedelta(days=7)), "five working days missed"
    assert silent(worked, friday + timedelta(days=11)), "six are more than a week"


@pytest.mark.parametrize(("hours", "expected"), [(23, False), (25, True)])
def test_who_works_round_the_clock_is_missed_after_a_day(hours: int, expected: bool) -> None:
    today = MONDAY + timedelta(days=65)
    worked = {day for day in weeks(frozenset(range(7))) if day < today}
    now = datetime.combine(today, time(23, 30), UTC)
    assert silent(worked, today, hour=23, synced=now - timedelta(hours=hours, minutes=30)) is expected


def test_a_company_without_data_is_not_silent() -> None:
    now = datetime.combine(MONDAY, time(12), UTC)
    assert is_silent(Signs(MONDAY, 0, None, None), now) is None
    assert is_silent(Signs(MONDAY, 0b11, None, None), now) is None
