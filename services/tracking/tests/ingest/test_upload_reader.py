"""One upload: whose rows they are, when they really were, and that the same row is the same however often it comes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.clock.rules.unix_time import moment_of
from tracking.ingest.rules.rows import ActivityRow
from tracking.ingest.rules.upload_reader import MAX_CLAIMS, Report, UploadReader
from tracking.totals.rules.timeline import ActivityKind

ALICE, BEN = UUID(int=1), UUID(int=2)
LOGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BEFORE_LOG_IN = "older than the log-in: another person's"
TOO_LONG = "longer than the time since the log-in"


def read(
    *,
    applications: Any = (),
    websites: Any = (),
    activities: Any = (),
    employee: UUID = ALICE,
    offset: timedelta = timedelta(),
    received: datetime = NOON,
) -> Report:
    return UploadReader(employee, logged_in_at=LOGIN, clock_offset=offset).read(
        applications=applications, websites=websites, activities=activities, received_at=received
    )


def app(at: datetime | None = NOON, title: str = "notes") -> dict[str, Any]:
    return {
        "app_name": "Editor",
        "window_title": title,
        "active_seconds": 5,
        "created_at": at and f"{at:%Y-%m-%d %H:%M:%S}",
    }


def tick(at: datetime = NOON, seconds: int = 10, kind: str = "ACTIVE") -> dict[str, Any]:
    return {"minute_type": kind, "duration_seconds": seconds, "created_at": f"{at:%Y-%m-%d %H:%M:%S}"}


def ids(report: Report) -> list[bytes]:
    claims = [claim.record_id for claim in report.activity]
    return [*(row.record_id for row in report.usage), *claims, *(row.record_id for row in report.quarantined)]


def reasons(report: Report) -> list[str]:
    return [row.reason for row in report.quarantined]


def test_every_row_ends_up_somewhere() -> None:
    report = read(applications=[app(), None], websites=[{"domain": "x", "active_seconds": 1}], activities=[tick(), {}])
    assert len(report) == 5
    assert [usage.kind for usage in report.usage] == ["a", "w"]
    assert [(claim.kind, claim.seconds, moment_of(claim.at)) for claim in report.activity] == [
        (ActivityKind.ACTIVE, 10, NOON)
    ]
    assert reasons(report) == ["not an object", "minute_type is neither ACTIVE nor INACTIVE"]


def test_identical_rows_of_one_upload_are_different_rows() -> None:
    assert len(set(ids(read(applications=[app()] * 3, activities=[tick()] * 2)))) == 5


@given(st.integers(0, 4), st.integers(0, 4))
def test_a_resend_repeats_the_rows_and_adds_new_ones(before: int, new: int) -> None:
    first = read(applications=[app()] * before + [app(title="other")])
    again = read(applications=[app()] * before + [app(title="other")] + [app()] * new, received=NOON + timedelta(1))
    assert set(ids(first)) <= set(ids(again))
    assert len(set(ids(again))) == before + 1 + new


def test_identity_does_not_depend_on_the_order_of_a_rows_fields_or_of_the_rows() -> None:
    shuffled = dict(reversed(app().items()))
    assert ids(read(applications=[app(), app(title="b")])) == ids(read(applications=[app(title="b"), shuffled]))[::-1]


@given(
    st.sampled_from(["ACTIVE", "INACTIVE"]) | st.text(),
    st.integers(0, 20_000) | st.integers(),
    st.none() | st.text() | st.times().map(lambda at: f"2026-03-02 {at:%H:%M:%S}"),
)
def test_a_row_is_the_same_whichever_way_it_was_read(kind: str, seconds: int, at: str | None) -> None:
    fields = {"minute_type": kind, "duration_seconds": seconds, "created_at": at}
    assert ids(read(activities=[fields])) == ids(read(activities=[ActivityRow(kind, seconds, at)]))


def test_identity_is_the_persons_and_the_tables() -> None:
    row = {"created_at": "2026-03-02 12:00:00", "active_seconds": 5}
    assert ids(read(applications=[app()])) != ids(read(applications=[app()], employee=BEN))
    assert ids(read(applications=[row])) != ids(read(websites=[row]))


SAID = st.integers(315_532_800, 7_258_118_399).map(lambda second: datetime.fromtimestamp(second, UTC))  # 1980 to 2199


@given(SAID, SAID)
def test_identities_are_in_the_order_of_the_times_that_desktops_said(first: datetime, second: datetime) -> None:
    for (one,), (other,) in (
        (ids(read(applications=[app(at)], employee=who)) for at, who in ((first, ALICE), (second, BEN))),
        (ids(read(activities=[tick(at)], employee=who)) for at, who in ((first, BEN), (second, ALICE))),
    ):
        assert first == second or (first < second) == (one < other)


def test_a_row_that_says_no_time_is_the_same_whenever_it_comes() -> None:
    untimed: Any = [app(None), app(None)]
    assert ids(read(applications=untimed)) == ids(read(applications=untimed, received=NOON + timedelta(1)))


def test_a_quarantined_row_comes_again_as_the_same() -> None:
    bad = {"minute_type": "ACTIVE", "duration_seconds": float("nan"), "created_at": None, "\ud800": "\x00"}
    once, twice = read(activities=[bad]), read(activities=[bad, bad])
    assert ids(once)[0] == ids(twice)[0]
    assert "\x00" not in once.quarantined[0].payload
    once.quarantined[0].payload.encode()


def test_a_quarantined_payload_is_cut() -> None:
    assert len(read(activities=["x" * 100_000]).quarantined[0].payload) == 2000


@pytest.mark.parametrize(("early", "counted"), [(5, True), (6, False), (3600, False), (86_400 * 30, False)])
def test_rows_older_than_the_log_in_are_another_persons(early: int, counted: bool) -> None:
    at = LOGIN - timedelta(seconds=early)
    report = read(applications=[app(at)], activities=[tick(at, 1)])
    assert reasons(report) == ([] if counted else [BEFORE_LOG_IN] * 2)


def test_a_claim_that_began_before_the_log_in_is_another_persons() -> None:
    at = LOGIN + timedelta(seconds=60)
    assert reasons(read(activities=[tick(at, 70)])) == []
    assert reasons(read(activities=[tick(at, 71)])) == [TOO_LONG]


def test_claims_that_reach_back_before_the_log_in_together_are_another_persons() -> None:
    hour = 3600
    report = read(activities=[tick(NOON, hour), tick(NOON, hour, "INACTIVE"), tick(NOON, 2 * hour), tick(NOON, hour)])
    assert [found.seconds for found in report.activity] == [hour, hour, 2 * hour], "the four hours since the log-in"
    assert [row.reason for row in report.quarantined] == [TOO_LONG]


def test_more_claims_than_any_tracker_makes_are_kept_aside() -> None:
    report = read(activities=[tick(NOON - timedelta(seconds=2 * n), 1) for n in range(MAX_CLAIMS + 1)])
    assert (len(report.activity), len(report.quarantined)) == (MAX_CLAIMS, 1)


def test_a_row_without_a_time_is_as_new_as_its_arrival() -> None:
    assert moment_of(read(applications=[app(None)]).usage[0].at) == NOON


@pytest.mark.parametrize("offset", [timedelta(hours=5), timedelta(days=-3), timedelta(days=365 * 40)])
def test_a_wrong_clock_is_set_right(offset: timedelta) -> None:
    report = read(applications=[app(NOON - offset)], activities=[tick(NOON - offset, 600)], offset=offset)
    assert moment_of(report.usage[0].at) == moment_of(report.activity[0].at) == NOON


def test_a_clock_that_is_said_to_be_right_may_be_seconds_ahead() -> None:
    ahead = NOON + timedelta(seconds=5)
    assert moment_of(read(activities=[tick(ahead)]).activity[0].at) == ahead


def test_no_desktop_knows_the_future() -> None:
    tomorrow, usual = NOON + timedelta(days=1), NOON - timedelta(hours=1)
    report = read(activities=[tick(tomorrow, 600), tick(usual)], applications=[app(tomorrow)])
    assert moment_of(report.activity[1].at) == usual
    assert NOON <= moment_of(report.activity[0].at) <= NOON + timedelta(seconds=5)
    assert NOON <= moment_of(report.usage[0].at) <= NOON + timedelta(seconds=5)


wild = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.datetimes().map(str),
    st.lists,
    max_leaves=3,
)
row = wild | st.dictionaries(st.sampled_from([*app(), *tick(), "domain", "url"]), wild)


rows = st.lists(row, max_size=4)


@given(rows, rows, rows, st.timedeltas(timedelta(days=-365 * 200), timedelta(days=365 * 40)))
def test_no_content_is_ever_an_error_and_none_is_lost(a: Any, b: Any, c: Any, offset: timedelta) -> None:
    report = read(applications=a, websites=b, activities=c, offset=offset)
    assert len(report) == len(a) + len(b) + len(c) == len(set(ids(report)))
