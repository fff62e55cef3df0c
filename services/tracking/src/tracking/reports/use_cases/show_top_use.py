"""Which applications and websites were longest in front: of everyone to admins, of themselves to everyone else."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import InvalidInput
from tracking.clock.rules.days import company_day, day_of
from tracking.reports import store as reports
from tracking.reports.store import Use
from tracking.reports.use_cases.show_reports import check_year, reading

APPLICATION, WEBSITE = "a", "w"
LONGEST_RANGE = 92  # days: a quarter
USUAL_RANGE = 7
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class TopUse:
    """From the first day to the last, both included."""

    time_zone: str
    first: date
    last: date
    applications: list[Use]
    websites: list[Use]


async def show_top_use(
    engine: AsyncEngine, company_id: UUID, *, only_of: UUID | None, first: date | None, last: date | None, now: datetime
) -> TopUse:
    """The range; without a last day it ends today, without a first it has a week. InvalidInput: no range, or too long.

    A stretch over a midnight counts on each day with the seconds that lie in it.
    """
    check_year(first)
    check_year(last)
    async with reading(engine, company_id, only_of) as reader:
        end = last or day_of(now, reader.time_zone)
        begin = first or end - timedelta(days=USUAL_RANGE - 1)
        if not 0 <= (end - begin).days < LONGEST_RANGE:
            raise InvalidInput(f"Choose a first day and a later last one, {LONGEST_RANGE} days at most")
        span = (
            datetime.fromtimestamp(company_day(begin, reader.time_zone).start, UTC),
            datetime.fromtimestamp(company_day(end, reader.time_zone).end, UTC),
        )
        applications = await reports.top(reader.tx, reader.ids, APPLICATION, *span, limit=MOST_SHOWN)
        websites = await reports.top(reader.tx, reader.ids, WEBSITE, *span, limit=MOST_SHOWN)
        return TopUse(reader.time_zone, begin, end, applications, websites)
