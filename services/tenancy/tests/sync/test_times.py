"""Which of the reported times count."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import InvalidInput
from tenancy.sync.rules import SyncTime, check_count, latest_times

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
COMPANIES = [UUID(int=number) for number in range(3)]


def test_the_latest_of_several_times_counts_and_the_future_becomes_now() -> None:
    times = [
        SyncTime(COMPANIES[0], NOW - timedelta(hours=1)),
        SyncTime(COMPANIES[0], NOW - timedelta(hours=2)),
        SyncTime(COMPANIES[1], NOW + timedelta(seconds=60)),
        SyncTime(COMPANIES[2], NOW + timedelta(seconds=61)),
    ]
    assert latest_times(times, NOW) == {
        COMPANIES[0]: NOW - timedelta(hours=1),
        COMPANIES[1]: NOW + timedelta(seconds=60),
        COMPANIES[2]: NOW,
    }


@given(
    st.lists(
        st.builds(
            SyncTime,
            st.sampled_from(COMPANIES),
            st.datetimes(datetime(2026, 11, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
        )
    )
)
def test_order_and_repetition_of_times_change_nothing(times: list[SyncTime]) -> None:
    latest = latest_times(times, NOW)
    assert latest_times([*reversed(times), *times], NOW) == latest
    assert all(at <= NOW + timedelta(minutes=1) for at in latest.values())


def test_a_report_has_at_most_10_000_times() -> None:
    check_count(10_000)
    with pytest.raises(InvalidInput, match="times has 10001 entries: report at most 10000 at once"):
        check_count(10_001)
