"""What counts nowhere: rows, written by the ingest writer, and screenshots, of which no picture is kept."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ADD = text("""
    INSERT INTO quarantine (company_id, record_id, employee_id, reason, payload)
    VALUES (:company_id, :record_id, :employee_id, :reason, :payload)
    ON CONFLICT (company_id, record_id) DO NOTHING
""")

_COUNTS = text("SELECT reason, count(*) FROM quarantine GROUP BY reason ORDER BY count(*) DESC, reason")


async def add(
    tx: AsyncConnection, company_id: UUID, *, record_id: UUID, employee_id: UUID, reason: str, payload: str
) -> None:
    """Keeps a note aside; once, however often it comes."""
    values = {
        "company_id": company_id,
        "record_id": record_id,
        "employee_id": employee_id,
        "reason": reason,
        "payload": payload,
    }
    await tx.execute(_ADD, values)


async def counts(tx: AsyncConnection) -> dict[str, int]:
    """How many rows of the scope are kept aside, by reason."""
    return {reason: count for reason, count in await tx.execute(_COUNTS)}  # noqa: C416 - rows are no pairs to mypy
