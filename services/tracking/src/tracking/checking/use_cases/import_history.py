"""Imports an employee's history from another system, or for a demonstration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.ids import new_id
from tracking.checking import store
from tracking.clock.rules.days import company_day
from tracking.clock.rules.spans import normalise
from tracking.db.store.scope import company_scope
from tracking.totals.rules.timeline import ActivityKind


@dataclass(frozen=True, slots=True)
class ImportedSpan:
    """A span of seconds of one kind; `start` counts from the company's midnight."""

    start: int
    seconds: int
    kind: ActivityKind


async def import_history(
    engine: AsyncEngine,
    company_id: UUID,
    employee_id: UUID,
    *,
    time_zone: str,
    days: Mapping[date, Sequence[ImportedSpan]],
) -> bool:
    """Imports the days with one session for each block without a gap. False, with no change, if they were imported
    before.
    """
    if not days:
        return False
    device_id = uuid5(NAMESPACE_OID, f"history of {employee_id}")
    origins = {day: company_day(day, time_zone).start for day in days}
    since = datetime.fromtimestamp(min(origins.values()), UTC)

    def moment(day: date, second: int) -> datetime:
        return datetime.fromtimestamp(origins[day] + second, UTC)

    sessions = [
        (moment(day, start), moment(day, end))
        for day, stretches in days.items()
        for start, end in normalise((s.start, s.start + s.seconds) for s in stretches)
    ]
    claims = [
        (upload, str(stretch.kind), moment(day, stretch.start + stretch.seconds), stretch.seconds)
        for day, stretches in days.items()
        for upload, stretch in ((new_id(), stretch) for stretch in stretches)
    ]
    async with company_scope(engine, company_id) as tx:
        if not await store.begin(tx, company_id, employee_id=employee_id, device_id=device_id, since=since):
            return False
        await store.add_sessions(tx, company_id, employee_id=employee_id, device_id=device_id, sessions=sessions)
        await store.add_claims(tx, company_id, employee_id=employee_id, device_id=device_id, claims=claims)
    return True
