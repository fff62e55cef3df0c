"""Money and days as owners type them in."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from owner_portal.subscriptions.rules.payments import latest_today, read_day


@pytest.mark.parametrize(
    ("now", "latest"),
    [
        (datetime(2026, 12, 1, 9, 59, 59, tzinfo=UTC), date(2026, 12, 1)),
        (datetime(2026, 12, 1, 10, tzinfo=UTC), date(2026, 12, 2)),
        (datetime(2026, 12, 31, 12, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2026, 12, 2, 1, tzinfo=timezone(timedelta(hours=13))), date(2026, 12, 2)),
    ],
)
def test_an_owners_day_is_not_ahead_where_it_has_begun(now: datetime, latest: date) -> None:
    """An owner in Auckland records in the morning what arrived today, while it is yesterday in UTC."""
    assert latest_today(now) == latest
    assert read_day(latest.isoformat(), latest_today(now)) == datetime(
        latest.year, latest.month, latest.day, tzinfo=UTC
    )
    assert read_day((latest + timedelta(days=1)).isoformat(), latest_today(now)) is None
