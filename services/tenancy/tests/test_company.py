"""The life of a company and its signs of life, without a database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import InvalidInput, Refused
from tenancy.companies.rules.company import CompanyState
from tenancy.db.rules import ChangePage
from tenancy.lifecycle.rules import Step, state_after
from tenancy.sync.rules import SyncTime, check_count, latest_times

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
COMPANIES = [UUID(int=number) for number in range(3)]


@pytest.mark.parametrize(
    ("state", "step", "message"),
    [
        (CompanyState.SUSPENDED, Step.SUSPEND, "cannot suspend this company: it is suspended"),
        (CompanyState.ACTIVE, Step.REACTIVATE, "cannot reactivate this company: it is active"),
        (CompanyState.CLOSED, Step.SUSPEND, "cannot suspend this company: it is closed"),
        (CompanyState.CLOSED, Step.REACTIVATE, "cannot reactivate this company: it is closed"),
        (CompanyState.CLOSED, Step.CLOSE, "cannot close this company: it is closed"),
    ],
)
def test_illegal_steps_are_refused_by_name(state: CompanyState, step: Step, message: str) -> None:
    with pytest.raises(Refused, match=message):
        state_after(state, step)


LEGAL = {
    CompanyState.ACTIVE: {Step.SUSPEND: CompanyState.SUSPENDED, Step.CLOSE: CompanyState.CLOSED},
    CompanyState.SUSPENDED: {Step.REACTIVATE: CompanyState.ACTIVE, Step.CLOSE: CompanyState.CLOSED},
    CompanyState.CLOSED: {},
}


@given(st.lists(st.sampled_from(Step)))
def test_only_legal_steps_lead_anywhere(steps: list[Step]) -> None:
    state = CompanyState.ACTIVE
    for step in steps:
        if step in LEGAL[state]:
            assert state_after(state, step) is LEGAL[state][step]
            state = LEGAL[state][step]
        else:
            with pytest.raises(Refused, match=f"cannot {step} this company: it is {state}"):
                state_after(state, step)


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


@pytest.mark.parametrize(("asked", "given_"), [(0, 1_000), (1, 1), (1_000, 1_000), (4_000_000_000, 1_000)])
def test_a_page_has_at_most_1_000_changes(asked: int, given_: int) -> None:
    assert ChangePage.checked(after_revision=0, limit=asked).limit == given_


def test_a_revision_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match="after_revision is out of range"):
        ChangePage.checked(after_revision=2**63, limit=0)
