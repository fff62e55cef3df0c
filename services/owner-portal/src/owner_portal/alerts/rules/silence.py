"""Detects silence of a company against its own rhythm of the last eight weeks.

A weekday is usual if the company worked on at least half of its occurrences. The slack is the longest run of missed
usual days, at most a working week, so that one long holiday does not hide a later silence. A company is silent when it
misses more usual days than the slack; one that works every day without exception is silent after 24 hours. A company
without usual weekdays, or known for less than two weeks, is silent after more days than its longest gap, and at least a
weekend.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

WINDOW = 56  # days
KNOWN_WELL = 14  # days from the first to the last: weekdays count from then on
MIN_WORKED_DAYS = 3  # minimum for a rhythm
MIN_GAP = 3  # days: a weekend
MAX_SLACK = 5  # usual days
ROUND_THE_CLOCK = timedelta(hours=24)
LONG_AGO = 2 * WINDOW  # days: longer than any rhythm


@dataclass(frozen=True, slots=True)
class Signs:
    """The recent work of a company. `today` is a day of its own calendar.

    `worked` has a bit for each of the 56 days before today: bit 0 is yesterday. `synced_on` is the day of the latest
    call of its trackers, `last_sync_at` the moment.
    """

    today: date
    worked: int
    synced_on: date | None
    last_sync_at: datetime | None

    @property
    def last_seen(self) -> date | None:
        """The latest day with work or a request; None if there is none."""
        newest = (self.worked & -self.worked).bit_length()
        worked_on = self.today - timedelta(days=newest) if newest else None
        return max((day for day in (worked_on, self.synced_on) if day is not None), default=None)


@dataclass(frozen=True, slots=True)
class Habits:
    """The rhythm of a company. `weekdays`: the usual ones, 0 is Monday; if empty, only `gap` counts."""

    weekdays: frozenset[int]
    slack: int
    gap: int

    @property
    def is_every_day(self) -> bool:
        return len(self.weekdays) == 7 and self.slack == 0


def is_silent(signs: Signs, now: datetime) -> bool | None:
    """Whether the company is silent; None: it has no rhythm yet."""
    if signs.last_seen is None:
        return None
    away = (signs.today - signs.last_seen).days
    if away <= 0:
        return False
    habits = habits_of(signs.worked, signs.today.weekday())
    if habits is None:
        return None
    if habits.is_every_day and signs.last_sync_at is not None:
        return now - signs.last_sync_at > ROUND_THE_CLOCK
    if habits.weekdays:
        between = range(1, min(away, LONG_AGO))
        return sum((signs.today.weekday() - age) % 7 in habits.weekdays for age in between) > habits.slack
    return away > habits.gap


@lru_cache(maxsize=32_768)
def habits_of(worked: int, weekday: int) -> Habits | None:
    """The rhythm of these days, with today as `weekday`; None: too few days.

    Cached: the days of a company change once a day.
    """
    ages = [age for age in range(1, WINDOW + 1) if worked >> (age - 1) & 1]
    if len(ages) < MIN_WORKED_DAYS:
        return None
    known = range(ages[0], ages[-1] + 1)
    gap = max(MIN_GAP, *(older - newer for newer, older in pairwise(ages)))
    if len(known) < KNOWN_WELL:
        return Habits(frozenset(), 0, gap)
    usual = frozenset(day for day in range(7) if _is_usual((weekday - day) % 7, known, frozenset(ages)))
    return Habits(usual, _longest_run(known, frozenset(ages), weekday, usual), gap)


def _is_usual(first_age: int, known: range, ages: frozenset[int]) -> bool:
    days = [age for age in known if age % 7 == first_age]
    return 2 * sum(age in ages for age in days) >= len(days)


def _longest_run(known: range, ages: frozenset[int], weekday: int, usual: frozenset[int]) -> int:
    longest = run = 0
    for age in known:
        if age in ages:
            run = 0
        elif (weekday - age) % 7 in usual:
            run += 1
            longest = max(longest, run)
    return min(longest, MAX_SLACK)
