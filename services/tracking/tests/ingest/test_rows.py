"""Rows as trackers send them, and worse: each is repaired or says why it cannot be counted."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_rules.lines import clean_reported
from tracking.clock.rules.unix_time import microsecond_of
from tracking.ingest.rules.rows import (
    MAX_DETAIL,
    MAX_NAME,
    MAX_SECONDS,
    BadRow,
    Row,
    Ticks,
    activity,
    application,
    website,
)
from tracking.totals.rules.timeline import ActivityKind

NINE = microsecond_of(datetime(2026, 3, 2, 9, tzinfo=UTC))
AT = "2026-03-02 09:00:00"
DURATION = "the duration is not a number of seconds that can be true"
NOT_A_TIME = "created_at is not a time"
NOT_TRUE = "created_at is not a time that can be true"


def app(**changes: Any) -> dict[str, Any]:
    return {"app_name": "Editor", "window_title": "notes.md", "active_seconds": 60, "created_at": AT} | changes


def site(**changes: Any) -> dict[str, Any]:
    return {"domain": "docs.example", "url": None, "active_seconds": 30, "created_at": AT} | changes


def tick(**changes: Any) -> dict[str, Any]:
    return {"minute_type": "ACTIVE", "duration_seconds": 10, "created_at": AT} | changes


def test_honest_rows() -> None:
    assert application(app()) == Row("Editor", "notes.md", 60, NINE)
    assert website(site()) == Row("docs.example", "", 30, NINE)
    assert website(site(url="https://docs.example/a")) == Row("docs.example", "https://docs.example/a", 30, NINE)
    assert activity(tick()) == Ticks(ActivityKind.ACTIVE, 10, NINE)
    assert activity(tick(minute_type="INACTIVE")) == Ticks(ActivityKind.IDLE, 10, NINE)


def test_an_upgraded_desktops_columns_slipped() -> None:
    assert website(site(url=7, active_seconds="2026-11-23 05:19:05", created_at=None)) == Row(
        "docs.example", "", 7, microsecond_of(datetime(2026, 11, 23, 5, 19, 5, tzinfo=UTC))
    )
    assert application(app(window_title=7, active_seconds=AT, created_at=None)) == Row("Editor", "", 7, NINE)
    with pytest.raises(BadRow, match=NOT_A_TIME):
        website(site(url=7, active_seconds="yesterday", created_at=None))
    with pytest.raises(BadRow, match=DURATION):
        website(site(url="https://docs.example", active_seconds=AT, created_at=None))


@pytest.mark.parametrize("missing", [None, ""])
def test_a_row_may_not_know_when_it_was(missing: Any) -> None:
    assert application(app(created_at=missing)).at is None
    assert activity(tick(created_at=missing)).at is None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Rapport – été ☕ 👩‍💻", "Rapport – été ☕ 👩‍💻"),
        ("tab\there\r\nnul\x00 bell\x07 del\x7f", "tabherenul bell del"),
        ("cut in the middle \ud83d", "cut in the middle ?"),
        ("\udc69 of a pair", "? of a pair"),
        (None, ""),
        (12, "12"),
        (["a", 1], "['a', 1]"),
        ({}, "{}"),
        (True, "True"),
    ],
)
def test_names_are_made_fit_to_store(sent: Any, kept: str) -> None:
    row = application(app(app_name=sent, window_title=sent))
    assert (row.name, row.detail) == (kept, kept)


def test_a_huge_title_is_cut() -> None:
    row = application(app(app_name="n" * 1_000_000, window_title="t" * 1_000_000))
    assert (len(row.name), len(row.detail)) == (MAX_NAME, MAX_DETAIL)


@given(st.text(), st.integers(0, 64))
def test_clean_text_can_always_be_stored(text: str, length: int) -> None:
    cleaned = clean_reported(text, length)
    assert len(cleaned) <= length
    assert not {*cleaned} & {chr(number) for number in (*range(32), 127)}
    cleaned.encode()
    if text.isprintable():
        assert cleaned == text[:length]


@pytest.mark.parametrize(("sent", "seconds"), [(0, 0), ("60", 60), (59.9, 59), (MAX_SECONDS, MAX_SECONDS)])
def test_durations_that_can_be_true(sent: Any, seconds: int) -> None:
    assert application(app(active_seconds=sent)).seconds == seconds


ABSURD = [None, "", "ten", "-5", "9" * 12, -1, MAX_SECONDS + 1, 10**30, float("nan"), float("inf"), True, [], {}]


@pytest.mark.parametrize("sent", ABSURD, ids=repr)
def test_durations_that_cannot(sent: Any) -> None:
    for parse, row in ((application, app()), (website, site())):
        with pytest.raises(BadRow, match=DURATION):
            parse(row | {"active_seconds": sent})
    with pytest.raises(BadRow, match=DURATION):
        activity(tick(duration_seconds=sent))


def test_a_claim_of_no_time_claims_nothing() -> None:
    with pytest.raises(BadRow, match="no duration"):
        activity(tick(duration_seconds=0))


@pytest.mark.parametrize("sent", ["IDLE", "active", "", None, 1, ["ACTIVE"], {}])
def test_a_claim_of_an_unknown_kind(sent: Any) -> None:
    with pytest.raises(BadRow, match="minute_type is neither ACTIVE nor INACTIVE"):
        activity(tick(minute_type=sent))


@pytest.mark.parametrize("sent", [None, 1, "row", ["app_name", "Editor"], True, float("nan")], ids=repr)
def test_a_row_that_is_no_object(sent: Any) -> None:
    for parse in (application, website, activity):
        with pytest.raises(BadRow, match="not an object"):
            parse(sent)


@pytest.mark.parametrize("sent", ["2026-03-02T09:00:00", "2026-03-02T09:00:00Z", "2026-03-02 10:00:00+01:00"])
def test_other_ways_to_write_the_same_time(sent: str) -> None:
    assert application(app(created_at=sent)).at == NINE


@pytest.mark.parametrize(
    "sent", ["yesterday", "2026-02-30 09:00:00", "2026-03-02 09:00:00 UTC", 1_790_000_000, [AT], {}, True]
)
def test_times_that_are_none(sent: Any) -> None:
    with pytest.raises(BadRow, match=NOT_A_TIME):
        application(app(created_at=sent))


@pytest.mark.parametrize("sent", ["0001-01-01 00:00:00", "1979-12-31 23:59:59", "9999-12-31 23:59:59"])
def test_times_off_the_calendar(sent: str) -> None:
    with pytest.raises(BadRow, match=NOT_TRUE):
        activity(tick(created_at=sent))


anything = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=5)


@given(st.dictionaries(st.sampled_from([*app(), *site(), *tick()]), anything) | anything)
def test_nothing_else_is_ever_raised(raw: Any) -> None:
    for parse in (application, website, activity):
        with suppress(BadRow):
            assert 0 <= parse(raw).seconds <= MAX_SECONDS
