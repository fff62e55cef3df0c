"""Days in time zones, including days on which clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.clock.rules.days import company_day, day_of, days_between

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",  # its clocks change at midnight
    "Africa/Cairo",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
]
zones = st.sampled_from(ZONES)
dates = st.dates(date(2000, 1, 1), date(2037, 12, 31))
seconds = st.integers(
    int(datetime(2000, 1, 2, tzinfo=UTC).timestamp()), int(datetime(2037, 12, 30, tzinfo=UTC).timestamp())
)


def length(day: date, zone: str) -> float:
    found = company_day(day, zone)
    return (found.end - found.start) / 3600


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 3, 8), "America/New_York", 23),
        (date(2026, 11, 1), "America/New_York", 25),
        (date(2026, 4, 4), "America/Santiago", 25),
        (date(2026, 9, 6), "America/Santiago", 23),
        (date(2026, 4, 5), "Australia/Lord_Howe", 24.5),
        (date(2026, 10, 4), "Australia/Lord_Howe", 23.5),
        (date(2026, 3, 29), "UTC", 24),
        (date(2026, 3, 29), "Asia/Kolkata", 24),
    ],
)
def test_a_day_has_23_to_25_hours(day: date, zone: str, hours: float) -> None:
    assert length(day, zone) == hours


def test_midnight_is_the_next_days() -> None:
    midnight = datetime(2026, 3, 2, tzinfo=ZoneInfo("Europe/Berlin"))
    assert day_of(midnight, "Europe/Berlin") == date(2026, 3, 2)
    assert day_of(midnight - timedelta(seconds=1), "Europe/Berlin") == date(2026, 3, 1)
    assert company_day(date(2026, 3, 2), "Europe/Berlin").start == midnight.timestamp()


def test_a_moment_is_on_different_days_in_different_places() -> None:
    moment = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
    assert day_of(moment, "Pacific/Kiritimati") == date(2026, 3, 3)
    assert day_of(moment, "Pacific/Pago_Pago") == date(2026, 3, 1)


@given(dates, zones)
def test_each_day_ends_where_the_next_begins(day: date, zone: str) -> None:
    assert company_day(day, zone).end == company_day(day + timedelta(days=1), zone).start
    assert 23 <= length(day, zone) <= 25 or zone in {"Pacific/Kiritimati", "Pacific/Pago_Pago"}


@given(seconds, zones)
def test_each_second_is_in_the_day_it_is_said_to_be_in(second: int, zone: str) -> None:
    found = company_day(day_of(datetime.fromtimestamp(second, UTC), zone), zone)
    assert found.start <= second < found.end


@given(seconds, st.integers(1, 10 * 86_400), zones)
def test_the_days_of_a_span_cover_it_and_no_day_more(start: int, seconds: int, zone: str) -> None:
    end = start + seconds
    days = list(days_between(start, end, zone))
    assert days[0].start <= start < days[0].end
    assert days[-1].start < end <= days[-1].end
    assert [day.end for day in days[:-1]] == [day.start for day in days[1:]]


def test_a_span_that_ends_at_midnight_does_not_touch_the_next_day() -> None:
    day = company_day(date(2026, 3, 2), "Europe/Berlin")
    assert list(days_between(day.start, day.end, "Europe/Berlin")) == [day]
