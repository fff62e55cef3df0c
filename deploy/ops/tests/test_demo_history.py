"""The demo history is plausible, bounded and deterministic."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from tenantry_ops.demo.companies import COMPANIES, Story
from tenantry_ops.demo.history import DAYS, SATURDAY, Span, WorkDay, history, last_sign

TODAY = date(2026, 11, 23)
HOUR = 3600
Days = dict[str, list[WorkDay]]  # of each company


@pytest.fixture(scope="module")
def days() -> Days:
    return {company.name: history(company, TODAY) for company in COMPANIES}


def active_seconds(work_day: WorkDay) -> int:
    return sum(seconds for _, seconds, kind in work_day.spans if kind == "ACTIVE")


def of_story(days: Days, story: Story) -> list[WorkDay]:
    return [work_day for company in COMPANIES if company.story == story for work_day in days[company.name]]


def test_the_history_is_deterministic(days: Days) -> None:
    assert days == {company.name: history(company, TODAY) for company in COMPANIES}


def test_the_history_is_bounded(days: Days) -> None:
    everything = [work_day for work_days in days.values() for work_day in work_days]
    assert 2_000 < len(everything) < 6_000
    assert max(len(work_day.spans) for work_day in everything) <= 12
    assert all(0 < (TODAY - work_day.day).days <= DAYS for work_day in everything)


def test_an_employee_has_each_day_once(days: Days) -> None:
    for work_days in days.values():
        assert max(Counter((work_day.employee, work_day.day) for work_day in work_days).values(), default=1) == 1


def test_spans_follow_each_other_within_the_day(days: Days) -> None:
    for work_day in (work_day for work_days in days.values() for work_day in work_days):
        for (start, seconds, _), (following, _, _) in pairwise(work_day.spans):
            assert 0 <= start < start + seconds <= following
        start, seconds, _ = work_day.spans[-1]
        assert seconds > 0
        assert start + seconds <= 24 * HOUR


def test_gaps_separate_sessions_and_lunch_is_one(days: Days) -> None:
    for work_day in of_story(days, "busy"):
        gaps = sum(start + seconds < following for (start, seconds, _), (following, _, _) in pairwise(work_day.spans))
        assert work_day.sessions == gaps + 1
        assert work_day.day.weekday() >= SATURDAY or work_day.sessions >= 2


def test_weekdays_have_five_to_eight_and_a_half_hours_and_outweigh_weekends(days: Days) -> None:
    weekdays: Counter[bool] = Counter()
    for work_day in of_story(days, "busy"):
        weekend = work_day.day.weekday() >= SATURDAY
        weekdays[weekend] += active_seconds(work_day)
        assert weekend or 5 * HOUR - 1 <= active_seconds(work_day) <= 8.5 * HOUR
    assert weekdays[False] > 20 * weekdays[True] > 0


def test_some_time_is_idle(days: Days) -> None:
    spans = [span for work_day in of_story(days, "busy") for span in work_day.spans]
    idle = sum(seconds for _, seconds, kind in spans if kind == "INACTIVE")
    assert 0.05 < idle / sum(seconds for _, seconds, _ in spans) < 0.2


def test_the_team_grows_over_the_months(days: Days) -> None:
    by_third: defaultdict[int, int] = defaultdict(int)
    for work_day in of_story(days, "busy"):
        by_third[(DAYS - (TODAY - work_day.day).days) * 3 // DAYS] += active_seconds(work_day)
    assert by_third[0] < by_third[1] < by_third[2]


def test_people_are_sometimes_sick(days: Days) -> None:
    present: defaultdict[str, set[date]] = defaultdict(set)
    for work_day in of_story(days, "busy"):
        present[work_day.employee].add(work_day.day)
    weekdays = {work_day.day for work_day in of_story(days, "busy") if work_day.day.weekday() < SATURDAY}
    missed = [len({day for day in weekdays if day > min(mine)} - mine) for mine in present.values()]
    assert 0 < sum(missed) / len(missed) < 5


def test_silent_companies_stop_and_new_ones_have_no_history(days: Days) -> None:
    assert min((TODAY - work_day.day).days for work_day in of_story(days, "silent")) > 20
    assert not of_story(days, "new")
    assert max(work_day.day for work_day in of_story(days, "suspended")) > date(2026, 11, 18)


def test_the_last_sign_is_the_end_of_the_last_work_by_the_companys_clock(days: Days) -> None:
    for company in COMPANIES:
        sign = last_sign(company, days[company.name])
        assert (sign is None) == (company.story == "new")
        assert sign is None or sign.date() >= max(work_day.day for work_day in days[company.name])
    larkspur = COMPANIES[0]  # five hours behind UTC in November
    spans: tuple[Span, ...] = ((9 * HOUR, HOUR, "ACTIVE"), (22 * HOUR, HOUR, "ACTIVE"))
    worked = [WorkDay("a", TODAY, spans, 2), WorkDay("b", TODAY, spans[:1], 1)]
    assert last_sign(larkspur, worked) == datetime(2026, 11, 24, 4, tzinfo=UTC)
