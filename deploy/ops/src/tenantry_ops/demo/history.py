"""Three months of simulated work, in the employees' local time; deterministic by company and date."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tenantry_ops.demo.companies import Company, Person, people
from tracker_client import ActivityKind

DAYS = 91
SATURDAY = 5
MINUTE = 60
HOUR = 60 * MINUTE
SICK_CHANCE = 0.012  # probability that a sick leave starts on a working day
SICK_DAYS = (1, 1, 2, 3, 5)
WEEKEND_CHANCE = 0.06
EVENING_CHANCE = 0.12

Span = tuple[int, int, ActivityKind]  # first second of the day, seconds, kind


@dataclass(frozen=True)
class WorkDay:
    """One day of one employee: spans in order, without overlap, within the day."""

    employee: str
    day: date
    spans: tuple[Span, ...]
    sessions: int

    def ended_at(self, time_zone: str) -> datetime:
        """Returns the end of the last span in UTC; the employee's local time is `time_zone`."""
        start, seconds, _ = self.spans[-1]
        midnight = datetime.combine(self.day, time(), ZoneInfo(time_zone))
        return (midnight + timedelta(seconds=start + seconds)).astimezone(UTC)


def last_sign(company: Company, days: Sequence[WorkDay]) -> datetime | None:
    """Returns the last activity of the company in this history; None without any."""
    return max((work_day.ended_at(company.time_zone) for work_day in days), default=None)


def history(company: Company, today: date) -> list[WorkDay]:
    """Returns the days before `today`, the company's own date; a new company has none."""
    if company.story == "new":
        return []
    last = today - timedelta(days=1 + company.silent_days)
    first = today - timedelta(days=DAYS)
    return [work_day for person in people(company) for work_day in _employment(company, person, first, last)]


def _employment(company: Company, person: Person, first: date, last: date) -> Iterator[WorkDay]:
    rng = random.Random(f"{company.name}: {person.email} from {first}")
    pace = rng.gauss(1.0, 0.05)  # each person has a constant pace
    day = first + timedelta(days=int(person.joined * (last - first).days))
    sick_days = 0
    while day <= last:
        weekend = day.weekday() >= SATURDAY
        if not weekend and sick_days == 0 and rng.random() < SICK_CHANCE:
            sick_days = rng.choice(SICK_DAYS)
        if sick_days:
            sick_days -= 0 if weekend else 1
        elif not weekend:
            yield _weekday(rng, person, day, pace)
        elif rng.random() < WEEKEND_CHANCE:
            yield _weekend(rng, person, day)
        day += timedelta(days=1)


def _weekday(rng: random.Random, person: Person, day: date, pace: float) -> WorkDay:
    """Returns a day of 5 to 8.5 active hours around a lunch break, sometimes with work in the evening."""
    hours = min(max(rng.gauss(person.team.hours * pace, 0.5), 5.0), 8.5)
    active = int(hours * HOUR)
    begins = int((person.team.begins + rng.uniform(-0.4, 0.4)) * HOUR)
    evening = rng.randint(15, 40) * MINUTE if rng.random() < EVENING_CHANCE else 0
    morning = int((active - evening) * rng.uniform(0.42, 0.58))
    blocks = [_block(rng, begins, morning, stretches=3)]
    lunch_ends = _end(blocks[0]) + rng.randint(30, 75) * MINUTE
    blocks.append(_block(rng, lunch_ends, active - evening - morning, stretches=3))
    if evening:
        blocks.append(_block(rng, _end(blocks[1]) + rng.randint(60, 100) * MINUTE, evening, stretches=1))
    return _work_day(person, day, blocks)


def _weekend(rng: random.Random, person: Person, day: date) -> WorkDay:
    active = rng.randint(40, 180) * MINUTE
    return _work_day(person, day, [_block(rng, rng.randint(10, 16) * HOUR, active, stretches=2)])


def _block(rng: random.Random, begins: int, active: int, stretches: int) -> list[Span]:
    """Splits active seconds into spans with idle time between them."""
    cuts = sorted(int(active * (number + rng.uniform(-0.25, 0.25)) / stretches) for number in range(1, stretches))
    spans: list[Span] = []
    at = begins
    for start, end in zip([0, *cuts], [*cuts, active], strict=True):
        if spans:
            idle = rng.randint(6, 22) * MINUTE
            spans.append((at, idle, "INACTIVE"))
            at += idle
        spans.append((at, end - start, "ACTIVE"))
        at += end - start
    return spans


def _end(block: list[Span]) -> int:
    start, seconds, _ = block[-1]
    return start + seconds


def _work_day(person: Person, day: date, blocks: list[list[Span]]) -> WorkDay:
    return WorkDay(person.email, day, tuple(span for block in blocks for span in block), len(blocks))
