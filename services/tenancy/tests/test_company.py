"""The life of a company, its keys and its signs of life, without a database."""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import InvalidInput, Refused
from tenancy.domain.company import CompanyState, Step, state_after
from tenancy.domain.keys import key_digest, new_key
from tenancy.domain.page import Page
from tenancy.domain.sync import SyncTime, check_count, latest_times

PEPPER = bytes(range(32))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
COMPANIES = [UUID(int=number) for number in range(3)]


@pytest.mark.parametrize(
    ("state", "step", "message"),
    [
        (CompanyState.SUSPENDED, Step.SUSPEND, "cannot suspend this company: it is suspended"),
        (CompanyState.ACTIVE, Step.REACTIVATE, "cannot reactivate this company: it is active"),
    ],
)
def test_illegal_steps_are_refused_by_name(state: CompanyState, step: Step, message: str) -> None:
    with pytest.raises(Refused, match=message):
        state_after(state, step)


@given(st.lists(st.sampled_from(Step)))
def test_after_any_steps_exactly_one_more_is_legal(steps: list[Step]) -> None:
    state = CompanyState.ACTIVE
    for step in steps:
        expected = CompanyState.SUSPENDED if step is Step.SUSPEND else CompanyState.ACTIVE
        if state is expected:
            with pytest.raises(Refused):
                state_after(state, step)
        else:
            state = state_after(state, step)
            assert state is expected


def test_a_key_has_its_form_and_its_hint() -> None:
    key = new_key(PEPPER)
    assert re.fullmatch(r"company_[0-9a-f]{32}", key.text)
    assert key.hint == key.text[-4:]
    assert key.digest == hmac.new(PEPPER, key.text.encode(), hashlib.sha256).digest()
    assert key.text not in repr(key)


def test_keys_do_not_repeat_and_each_pepper_has_its_own_digest() -> None:
    assert len({new_key(PEPPER).text for _ in range(1_000)}) == 1_000
    assert key_digest("company_" + "0" * 32, PEPPER) != key_digest("company_" + "0" * 32, bytes(32))


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
            st.datetimes(datetime(2026, 11, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
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
    assert Page.checked(after_revision=0, limit=asked).limit == given_


def test_a_revision_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match="after_revision is out of range"):
        Page.checked(after_revision=2**63, limit=0)
