"""The statements of a fold, each for all companies of the turn, which the company scope names."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from servicekit.events import OutgoingEvent
from servicekit.ids import new_id
from servicekit.telemetry import traceparent
from tracking.company.store.levels import Levels
from tracking.totals.rules.daybook import HOUR, CompanyChange, EmployeeTotals
from tracking.totals.rules.timeline import Timeline
from tracking.totals.store.company_days import CompanyDayRow
from tracking.totals.store.device_hours import timeline
from tracking.totals.store.multiranges import to_text

_TOTALS = [field.name for field in fields(EmployeeTotals)]
_TOTAL_NAMES = ", ".join(_TOTALS)
_SUMS = [field.name for field in fields(CompanyChange)]
_SUM_NAMES = ", ".join(_SUMS)
_LEVELS = [field.name for field in fields(Levels)]
_LEVEL_NAMES = ", ".join(_LEVELS)
_DAY_COLUMNS = ", ".join(f"d.{field.name}" for field in fields(CompanyDayRow))


def _unnest(**columns: str) -> str:
    """An `unnest(…) k (…)` of the parameters with these names and element types."""
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in columns.items())
    return f"unnest({arrays}) k ({', '.join(columns)})"


_HELD = """
    RETURNING c.company_id, c.time_zone, c.feed_revision,
        coalesce((SELECT s.bytes FROM storage_use s WHERE s.company_id = c.company_id), 0),
        (SELECT count(*) FROM employee e WHERE e.company_id = c.company_id AND e.active)
"""
_REVISION = "UPDATE company c SET feed_revision = c.feed_revision + 1"

# A fold that waits for a company must not hold another one's lock: the update starts from the version before the wait,
# behind others that wait for that version, which could deadlock. So it waits for one company alone.
_HOLD_ONE = text(f"{_REVISION} WHERE c.company_id = ANY(CAST(:ids AS uuid[])) {_HELD}")

# FOR NO KEY UPDATE, since log-ins and new accounts reference the row.
_HOLD_FREE = text(f"""
    WITH held AS MATERIALIZED (
        SELECT company_id FROM company WHERE company_id = ANY(CAST(:ids AS uuid[])) ORDER BY company_id
        FOR NO KEY UPDATE SKIP LOCKED
    )
    {_REVISION} FROM held WHERE c.company_id = held.company_id {_HELD}
""")

# Entries of claims that are stored already are removed here too. The caller tells them apart by their places, because
# the planner does not know the size of the queue, and a join would compare all entries with all.
_TAKE = """
    WITH taken AS (
        DELETE FROM fold_queue WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM fold_queue WHERE company_id = ANY(CAST(:ids AS uuid[])) {}
        ))
        RETURNING *
    ), new AS (
        INSERT INTO activity
            (company_id, record_id, upload_id, employee_id, device_id, kind, at, seconds, entry_id, revision)
        SELECT company_id, record_id, upload_id, employee_id, device_id, kind, at, seconds, entry_id, feed_revision
        FROM taken JOIN company USING (company_id)
        WHERE kind IN ('A', 'I') ORDER BY entry_id
        ON CONFLICT (company_id, employee_id, record_id) DO NOTHING
        RETURNING entry_id
    )
    SELECT entry_id, NULL, company_id, upload_id, employee_id, device_id, kind,
        CAST(floor(extract(epoch FROM at)) AS bigint), seconds
    FROM taken
    UNION ALL SELECT NULL, array_agg(entry_id), NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM new
"""
_TAKE_OLDEST = text(_TAKE.format("ORDER BY entry_id LIMIT :limit"))
_TAKE_OF_UPLOADS = text(_TAKE.format("AND upload_id = ANY(CAST(:uploads AS uuid[]))"))

_DEVICE_HOURS = text(f"""
    SELECT d.company_id, d.employee_id, d.hour, d.device_id,
        CAST(d.active AS text), CAST(d.idle AS text), CAST(d.deleted AS text)
    FROM {_unnest(company_id="uuid", employee_id="uuid", hour="integer")}
    JOIN device_hour d USING (company_id, employee_id, hour)
""")

# A fold does not change which seconds are deleted.
_PUT_DEVICE_HOURS = text(f"""
    INSERT INTO device_hour (company_id, employee_id, hour, device_id, active, idle)
    SELECT company_id, employee_id, hour, device_id, CAST(active AS int4multirange), CAST(idle AS int4multirange)
    FROM {_unnest(company_id="uuid", employee_id="uuid", hour="integer", device_id="uuid", active="text", idle="text")}
    ON CONFLICT (company_id, employee_id, hour, device_id) DO UPDATE SET active = excluded.active, idle = excluded.idle
""")

# A change may be negative: idle seconds that were active elsewhere, or seconds that arrive and are deleted. So these
# columns must not be constrained to positive values: the constraint would apply to the change.
_ADD_TO_EMPLOYEE_DAYS = text(f"""
    INSERT INTO employee_day AS e (company_id, employee_id, day, {_TOTAL_NAMES})
    SELECT company_id, employee_id, day, {_TOTAL_NAMES}
    FROM {_unnest(company_id="uuid", employee_id="uuid", day="date", **dict.fromkeys(_TOTALS, "integer"))}
    ON CONFLICT (company_id, employee_id, day) DO UPDATE
    SET {", ".join(f"{name} = e.{name} + excluded.{name}" for name in _TOTALS)}
    RETURNING company_id, employee_id, day, {", ".join(f"e.{name}" for name in _TOTALS)}
""")

# Totals grow by the change. Levels are those of the day's latest change; a late row leaves a past day's levels alone.
_ADD = f"""
    INSERT INTO company_day AS c (company_id, day, revision, {_SUM_NAMES}, {_LEVEL_NAMES})
    SELECT company_id, day, revision, {_SUM_NAMES}, {_LEVEL_NAMES}
    FROM {_unnest(company_id="uuid", day="date", revision="bigint", **dict.fromkeys([*_SUMS, *_LEVELS], "bigint"))}
    ON CONFLICT (company_id, day) DO UPDATE SET
        revision = excluded.revision, {", ".join(f"{name} = c.{name} + excluded.{name}" for name in _SUMS)}
"""
_ADD_TO_PAST = text(_ADD)
_ADD_TO_TODAY = text(_ADD + "".join(f", {name} = excluded.{name}" for name in _LEVELS))

_COMPANY_DAYS = text(f"""
    SELECT company_id, k.first, {_DAY_COLUMNS}
    FROM {_unnest(company_id="uuid", first="date", next="date")}
    JOIN company_day d USING (company_id) WHERE d.day >= k.first AND d.day < k.next
    ORDER BY d.day
""")

# As in servicekit's outbox: with a new id, a relay that holds the older version leaves this row to be published.
_ANNOUNCE = text(f"""
    INSERT INTO outbox AS o (company_id, id, subject, event_type, payload, revision, traceparent)
    SELECT company_id, id, subject, event_type, payload, revision, :traceparent
    FROM {_unnest(company_id="uuid", id="uuid", subject="text", event_type="text", payload="bytea", revision="bigint")}
    ON CONFLICT (subject) WHERE revision IS NOT NULL DO UPDATE
    SET id = excluded.id, payload = excluded.payload, traceparent = excluded.traceparent,
        revision = excluded.revision, occurred_at = excluded.occurred_at, claimed_until = '-infinity'
    WHERE o.revision < excluded.revision
""")

PersonDay = tuple[UUID, UUID, date]  # company, employee, day
PersonHour = tuple[UUID, UUID, int]  # company, employee, hour


@dataclass(frozen=True, slots=True)
class LockedCompany:
    """A company in this turn: its time zone, the revision of the turn, its current levels."""

    company_id: UUID
    time_zone: str
    revision: int
    levels: Levels


class QueueEntry(NamedTuple):
    """One entry removed from the queue; `at` in Unix seconds. A claim that is not new was folded before."""

    entry_id: int
    is_new: bool
    company_id: UUID
    upload_id: UUID | None
    employee_id: UUID | None
    device_id: UUID | None
    kind: str
    at: int
    seconds: int


async def lock(tx: AsyncConnection, company_ids: Collection[UUID], *, wait: bool) -> list[LockedCompany]:
    """Takes the companies' next revisions and locks the companies until the transaction ends.

    A company that is locked elsewhere is waited for, or left out.
    """
    rows = await tx.execute(_HOLD_ONE if wait else _HOLD_FREE, {"ids": list(company_ids)})
    return [LockedCompany(company_id, zone, revision, Levels(*levels)) for company_id, zone, revision, *levels in rows]


async def take(tx: AsyncConnection, company_ids: Collection[UUID], limit: int) -> list[QueueEntry]:
    """Removes the locked companies' oldest entries, stores their claims, and returns the entries in order.

    At least `limit` entries if there are so many: claims of one upload displace each other, so they are taken together.
    """
    ids = list(company_ids)
    entries = await _take(tx, _TAKE_OLDEST, {"ids": ids, "limit": limit})
    if len(entries) == limit:
        uploads = {entry.upload_id for entry in entries if entry.upload_id}
        entries += await _take(tx, _TAKE_OF_UPLOADS, {"ids": ids, "uploads": list(uploads)})
    return sorted(entries, key=lambda entry: entry.entry_id)


async def _take(tx: AsyncConnection, statement: TextClause, values: Mapping[str, Any]) -> list[QueueEntry]:
    rows = (await tx.execute(statement, values)).all()
    new = frozenset(next(new for entry_id, new, *_ in rows if entry_id is None) or ())
    return [QueueEntry(entry_id, entry_id in new, *entry) for entry_id, _, *entry in rows if entry_id is not None]


async def device_hours(
    tx: AsyncConnection, hours: Collection[PersonHour]
) -> list[tuple[UUID, UUID, int, UUID, Timeline]]:
    """(company, employee, hour, device, timeline) of all devices in these hours."""
    return [
        (company, employee, hour, device, timeline(hour, kept))
        for company, employee, hour, device, *kept in await tx.execute(_DEVICE_HOURS, _keys(hours, "hour"))
    ]


async def put_device_hours(tx: AsyncConnection, hours: Sequence[tuple[UUID, UUID, int, UUID, Timeline]]) -> None:
    """Stores (company, employee, hour, device, timeline in Unix time)."""
    if hours:
        keys = _keys([(company, employee, hour) for company, employee, hour, _device, _timeline in hours], "hour")
        values = {
            "device_id": _uuids(device for *_, device, _timeline in hours),
            "active": [to_text(kept.active, hour * HOUR) for *_, hour, _device, kept in hours],
            "idle": [to_text(kept.idle, hour * HOUR) for *_, hour, _device, kept in hours],
        }
        await tx.execute(_PUT_DEVICE_HOURS, keys | values)


async def add_employee_days(
    tx: AsyncConnection, gains: Mapping[PersonDay, EmployeeTotals]
) -> dict[PersonDay, EmployeeTotals]:
    """Adds the changes to people's days; returns the new totals."""
    if not gains:
        return {}
    numbers = {name: [getattr(gain, name) for gain in gains.values()] for name in _TOTALS}
    rows = await tx.execute(_ADD_TO_EMPLOYEE_DAYS, _keys(gains, "day") | numbers)
    return {(company, employee, day): EmployeeTotals(*totals) for company, employee, day, *totals in rows}


async def add_company_days(
    tx: AsyncConnection, changes: Sequence[tuple[LockedCompany, date, CompanyChange]], today: Mapping[UUID, date]
) -> None:
    """Adds the changes to the companies' days, which get the revisions of their companies."""
    past = [change for change in changes if change[1] < today[change[0].company_id]]
    present = [change for change in changes if change[1] >= today[change[0].company_id]]
    for statement, days in ((_ADD_TO_PAST, past), (_ADD_TO_TODAY, present)):
        if days:
            values: dict[str, Any] = {
                "company_id": [held.company_id for held, _day, _change in days],
                "day": [day for _held, day, _change in days],
                "revision": [held.revision for held, _day, _change in days],
            }
            values |= {name: [getattr(change, name) for _held, _day, change in days] for name in _SUMS}
            values |= {name: [getattr(held.levels, name) for held, _day, _change in days] for name in _LEVELS}
            await tx.execute(statement, values)


async def company_days(
    tx: AsyncConnection, months: Collection[tuple[UUID, date]]
) -> dict[tuple[UUID, date], list[CompanyDayRow]]:
    """The days of (company, first day of a month), in order."""
    values = {
        "company_id": [company for company, _first in months],
        "first": [first for _company, first in months],
        "next": [date(first.year + first.month // 12, first.month % 12 + 1, 1) for _company, first in months],
    }
    found: dict[tuple[UUID, date], list[CompanyDayRow]] = {month: [] for month in months}
    for company, first, *day in await tx.execute(_COMPANY_DAYS, values):
        found[company, first].append(CompanyDayRow(*day))
    return found


async def announce(tx: AsyncConnection, events: Sequence[tuple[UUID, OutgoingEvent]]) -> None:
    """Appends events to the outbox; each replaces an older version that still waits there."""
    if events:
        values = {
            "company_id": [company for company, _event in events],
            "id": [new_id() for _ in events],
            "subject": [event.subject for _company, event in events],
            "event_type": [event.type for _company, event in events],
            "payload": [event.payload for _company, event in events],
            "revision": [event.revision for _company, event in events],
            "traceparent": traceparent(),
        }
        await tx.execute(_ANNOUNCE, values)


def _keys(keys: Iterable[PersonDay | PersonHour], last: str) -> dict[str, Any]:
    companies, employees, times = zip(*keys, strict=True) if keys else ((), (), ())
    return {"company_id": _uuids(companies), "employee_id": _uuids(employees), last: list(times)}


def _uuids(ids: Iterable[UUID]) -> str:
    """An array of ids as PostgreSQL's text; psycopg takes six times as long to write one."""
    return f"{{{','.join([one.hex for one in ids])}}}"
