"""The daybook: employees' and companies' totals add up, however the reports come and wherever midnight falls."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from tracking.clock.rules.days import company_day, day_of
from tracking.clock.rules.spans import clip, normalise, size
from tracking.clock.rules.unix_time import second_of
from tracking.totals.rules.daybook import (
    HOUR,
    CompanyChange,
    Daybook,
    DayKey,
    DeviceReport,
    EmployeeTotals,
    company_changes,
    hours_of,
)
from tracking.totals.rules.timeline import ActivityKind, Claim, Timeline, fold, lay_out

ZONE = "Europe/Berlin"
ALICE, BEN = UUID(int=1), UUID(int=2)
LAPTOP, TOWER = UUID(int=11), UUID(int=12)
MIDNIGHT = company_day(date(2026, 3, 29), ZONE).start  # the short day
EVE, SHORT_DAY = date(2026, 3, 28), date(2026, 3, 29)

claims = st.lists(
    st.builds(
        Claim, st.sampled_from(ActivityKind), st.integers(MIDNIGHT - 3000, MIDNIGHT + 90_000), st.integers(1, 4000)
    ),
    min_size=1,
    max_size=3,
)
reports = st.lists(
    st.builds(DeviceReport, st.sampled_from([ALICE, BEN]), st.sampled_from([LAPTOP, TOWER]), claims), max_size=12
)
sessions = st.dictionaries(
    st.tuples(st.sampled_from([ALICE, BEN]), st.sampled_from([EVE, SHORT_DAY])), st.integers(1, 3), max_size=3
)


def count(reports: Iterable[DeviceReport], sessions: dict[DayKey, int] | None = None) -> dict[DayKey, EmployeeTotals]:
    book = Daybook(ZONE)
    book.fold(reports)
    return book.gains(sessions or {}, {})


def in_turns(turns: Sequence[Sequence[DeviceReport]]) -> tuple[dict[DayKey, EmployeeTotals], Counter[tuple[date, str]]]:
    """As the aggregator does it: each turn from what the ones before have kept; the company's days as sums."""
    kept: dict[tuple[UUID, int, UUID], Timeline] = {}
    people: dict[DayKey, EmployeeTotals] = {}
    company: Counter[tuple[date, str]] = Counter()
    for turn in turns:
        book = Daybook(ZONE)
        touched = {(report.employee_id, hour) for report in turn for hour in report.hours}
        for (whose, hour, device), timeline in kept.items():
            if (whose, hour) in touched:
                book.put(whose, hour, device, timeline)
        book.fold(turn)
        kept |= {(employee, hour, device): line for employee, hour, device, line in book.changed_devices()}
        after = {key: people.get(key, EmployeeTotals()) + gain for key, gain in book.gains({}, {}).items()}
        for day, change in company_changes(people, after).items():
            for name in ("active_seconds", "idle_seconds", "employees_active"):
                company[day, name] += getattr(change, name)
        people |= after
    return {key: totals for key, totals in people.items() if totals != EmployeeTotals()}, company


@given(reports, st.integers(1, 4))
@settings(max_examples=60)
def test_turns_change_nothing_and_the_companys_days_are_its_peoples(all_reports: list[DeviceReport], turn: int) -> None:
    turns = [all_reports[start : start + turn] for start in range(0, len(all_reports), turn)]
    people, company = in_turns(turns)
    assert people == count(all_reports)
    for day in {day for _employee, day in people}:
        totals = [found for (_employee, when), found in people.items() if when == day]
        assert company[day, "active_seconds"] == sum(found.active_seconds for found in totals)
        assert company[day, "idle_seconds"] == sum(found.idle_seconds for found in totals)
        assert company[day, "employees_active"] == sum(found.active_seconds > 0 for found in totals)


@given(claims)
def test_midnight_splits_time_and_loses_none(found: list[Claim]) -> None:
    totals = count([DeviceReport(ALICE, LAPTOP, found)])
    whole = fold(Timeline(), lay_out(found))
    assert sum(day.active_seconds for day in totals.values()) == size(whole.active)
    assert sum(day.idle_seconds for day in totals.values()) == size(whole.idle)


@given(reports)
@settings(max_examples=60)
def test_no_day_has_more_seconds_than_it_has(all_reports: list[DeviceReport]) -> None:
    for (_employee, day), totals in count(all_reports).items():
        bounds = company_day(day, ZONE)
        assert 0 < totals.active_seconds + totals.idle_seconds <= bounds.end - bounds.start


@given(reports, sessions)
@settings(max_examples=60)
def test_the_same_again_changes_nothing(all_reports: list[DeviceReport], started: dict[DayKey, int]) -> None:
    once = count(all_reports, started)
    assert {key: totals.sessions for key, totals in once.items() if totals.sessions} == started
    assert count([*all_reports, *all_reports], started) == once
    assert set(company_changes(once, once).values()) <= {CompanyChange()}


def test_a_session_over_midnight_is_worked_on_both_days_and_started_on_one() -> None:
    totals = count([DeviceReport(ALICE, LAPTOP, [Claim(ActivityKind.ACTIVE, MIDNIGHT + 600, 1000)])], {(ALICE, EVE): 1})
    assert totals == {(ALICE, EVE): EmployeeTotals(400, 0, 1), (ALICE, SHORT_DAY): EmployeeTotals(600, 0, 0)}


def test_two_desktops_at_once_count_once_and_two_people_twice() -> None:
    work = [Claim(ActivityKind.ACTIVE, MIDNIGHT + 1000, 1000)]
    totals = count([DeviceReport(who, where, work) for who in (ALICE, BEN) for where in (LAPTOP, TOWER)])
    assert company_changes({}, totals) == {SHORT_DAY: CompanyChange(2000, 0, 2, 0)}


def test_idle_time_that_turns_out_to_be_active_elsewhere_moves() -> None:
    before = count([DeviceReport(ALICE, LAPTOP, [Claim(ActivityKind.IDLE, MIDNIGHT + 100, 100)])])
    at_both = [DeviceReport(ALICE, LAPTOP, [Claim(ActivityKind.IDLE, MIDNIGHT + 100, 100)])]
    at_both.append(DeviceReport(ALICE, TOWER, [Claim(ActivityKind.ACTIVE, MIDNIGHT + 60, 60)]))
    assert company_changes(before, count(at_both)) == {SHORT_DAY: CompanyChange(60, -60, 1, 0)}


def test_a_session_alone_leaves_the_seconds_as_they_are() -> None:
    gain = Daybook(ZONE).gains({(ALICE, EVE): 2}, {})[ALICE, EVE]
    assert EmployeeTotals(50, 5, 1) + gain == EmployeeTotals(50, 5, 3)


def test_what_another_desktop_has_told_already_gains_nothing() -> None:
    work = [Claim(ActivityKind.ACTIVE, MIDNIGHT + 1000, 1000)]
    book = Daybook(ZONE)
    book.put(ALICE, MIDNIGHT // HOUR, LAPTOP, fold(Timeline(), lay_out(work)))
    book.fold([DeviceReport(ALICE, TOWER, work)])
    assert [device for _whose, _hour, device, _line in book.changed_devices()] == [TOWER]
    assert book.gains({}, {}) == {}


@given(
    st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 9_000)), min_size=1, max_size=6),
    st.sampled_from(["UTC", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Antarctica/Troll"]),
)
def test_days_that_begin_within_an_hour_have_their_part_of_it(stretches: list[tuple[int, int]], zone: str) -> None:
    """Around the ends of summer time in Lord Howe, by half an hour, and in Troll, whose last day of it has 26 hours."""
    for around in (date(2026, 4, 4), date(2026, 10, 24)):
        start = company_day(around, zone).start
        worked = normalise((start + first, start + first + length) for first, length in stretches)
        book = Daybook(zone)
        book.fold(
            [DeviceReport(ALICE, LAPTOP, [Claim(ActivityKind.ACTIVE, end, end - first)]) for first, end in worked]
        )
        for _whose, hour, _device, kept in book.changed_devices():
            assert kept == kept.clip(hour * HOUR, (hour + 1) * HOUR)
        days = [company_day(around + timedelta(days=number), zone) for number in range(-1, 5)]
        expected = {(ALICE, day.date): size(clip(worked, day.start, day.end)) for day in days}
        gains = {key: gain.active_seconds for key, gain in book.gains({}, {}).items()}
        assert gains == {key: seconds for key, seconds in expected.items() if seconds}


def test_claims_that_lie_apart_touch_no_hour_between_them() -> None:
    old, new = MIDNIGHT - 700 * 86_400, MIDNIGHT
    report = DeviceReport(
        ALICE, LAPTOP, [Claim(ActivityKind.ACTIVE, old + 60, 60), Claim(ActivityKind.IDLE, new + 60, 120)]
    )
    assert report.hours == {old // HOUR, new // HOUR - 1, new // HOUR}
    assert sum(totals.active_seconds + totals.idle_seconds for totals in count([report]).values()) == 180


@given(st.integers(0, 20_000), st.integers(1, 20_000), st.integers(0, 25_000), st.integers(1, 20_000))
def test_a_deletion_touches_its_own_hours(worked: int, seconds: int, deleted: int, length: int) -> None:
    reports = [DeviceReport(ALICE, LAPTOP, [Claim(ActivityKind.ACTIVE, MIDNIGHT + worked + seconds, seconds)])]
    before = Daybook(ZONE)
    before.fold(reports)
    book = Daybook(ZONE)
    for whose, hour, device, kept in before.changed_devices():
        book.put(whose, hour, device, kept)
    span = MIDNIGHT + deleted, MIDNIGHT + deleted + length
    book.delete(ALICE, LAPTOP, [span])
    assert {hour for _whose, hour, _device, _line in book.changed_devices()} == set(hours_of(*span))
    lost = size(clip([(MIDNIGHT + worked, MIDNIGHT + worked + seconds)], *span))
    assert -sum(gain.active_seconds for gain in book.gains({}, {}).values()) == lost


def test_a_tick_ends_in_its_second() -> None:
    moment = datetime(2026, 3, 28, 23, 0, 0, 999_999, tzinfo=UTC)
    assert second_of(moment) == MIDNIGHT
    assert day_of(moment, ZONE) == SHORT_DAY
