"""Screenshot retention: a reduction takes effect after a grace period."""

from datetime import UTC, datetime, timedelta

import pytest

from tracking.company.rules.screenshot_retention import GRACE, UNRECORDED_DAYS, Retention, follow

NOW = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
SHORTENED = Retention(30, 1, NOW)


@pytest.mark.parametrize(
    ("known", "days", "after", "expected"),
    [
        (Retention(30), 30, GRACE, Retention(30)),
        (Retention(30), 31, timedelta(), Retention(31)),
        (Retention(30), 1, timedelta(), SHORTENED),
        (SHORTENED, 1, GRACE - timedelta(seconds=1), SHORTENED),
        (SHORTENED, 1, GRACE, Retention(1)),
        (SHORTENED, 30, GRACE, Retention(30)),
        (SHORTENED, 90, timedelta(), Retention(90)),
        (SHORTENED, 7, GRACE, Retention(30, 7, NOW + GRACE)),
        (None, 7, timedelta(), Retention(UNRECORDED_DAYS, 7, NOW)),
    ],
)
def test_follows_the_plan(known: Retention | None, days: int, after: timedelta, expected: Retention) -> None:
    assert follow(known, days, NOW + after) == expected


def test_says_what_is_kept_and_until_when() -> None:
    assert (SHORTENED.kept_for, SHORTENED.removes_from) == (timedelta(days=30), NOW + GRACE)
    assert Retention(1).removes_from is None
