"""The quarantine: rows, written by the ingest writer, and screenshots of which no picture is kept."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ADD = text("""
    INSERT INTO quarantine (company_id, record_id, employee_id, reason, payload)
    VALUES (:company_id, :record_id, :employee_id, :reason, :payload)
    ON CONFLICT (company_id, record_id) DO NOTHING
""")

_COUNTS = text("SELECT reason, count(*) FROM quarantine GROUP BY reason ORDER BY count(*) DESC, reason")

# Grouped by person before the join with names: there may be many rejected items.
_BY_PERSON = text("""
    SELECT e.number, e.name, q.reason, q.count
    FROM (SELECT employee_id, reason, count(*) FROM quarantine GROUP BY employee_id, reason) q
    JOIN employee e USING (employee_id)
    ORDER BY q.count DESC, e.name, q.reason LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class PersonRejections:
    """The number of a person's quarantined items with one reason."""

    number: int
    name: str
    reason: str
    count: int


async def add(
    tx: AsyncConnection, company_id: UUID, *, record_id: UUID, employee_id: UUID, reason: str, payload: str
) -> None:
    """Quarantines an item; repetitions have no effect."""
    values = {
        "company_id": company_id,
        "record_id": record_id,
        "employee_id": employee_id,
        "reason": reason,
        "payload": payload,
    }
    await tx.execute(_ADD, values)


async def counts(tx: AsyncConnection) -> dict[str, int]:
    """The number of the company's quarantined items by reason."""
    return {reason: count for reason, count in await tx.execute(_COUNTS)}  # noqa: C416 - rows are no pairs to mypy


async def by_person(tx: AsyncConnection, *, limit: int) -> list[PersonRejections]:
    """The number of quarantined items by person and reason, most frequent first."""
    return [PersonRejections(**row._mapping) for row in await tx.execute(_BY_PERSON, {"limit": limit})]
