"""What waits to be folded into the totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.domain.timeline import Kind

SESSION = "S"
SCREENSHOT = "P"
LEVELS = "L"

_APPEND = text("""
    INSERT INTO fold_queue (company_id, employee_id, kind, at) VALUES (:company_id, :employee_id, :kind, :at)
""")

_TAKE = text("""
    DELETE FROM fold_queue WHERE entry_id IN (SELECT entry_id FROM fold_queue ORDER BY entry_id LIMIT :limit)
    RETURNING entry_id, upload_id, record_id, employee_id, device_id, kind, at, seconds
""")

# Hops from company to company along the key instead of reading a long queue.
_COMPANIES = text("""
    WITH RECURSIVE waiting AS (
        (SELECT company_id FROM fold_queue ORDER BY company_id LIMIT 1)
        UNION ALL
        SELECT (SELECT q.company_id FROM fold_queue q WHERE q.company_id > w.company_id ORDER BY q.company_id LIMIT 1)
        FROM waiting w WHERE w.company_id IS NOT NULL
    )
    SELECT company_id FROM waiting WHERE company_id IS NOT NULL
""")


@dataclass(frozen=True, slots=True)
class Entry:
    """One item; claims have all fields, a session start or a screenshot an employee, a call for levels has neither."""

    entry_id: int
    upload_id: UUID | None
    record_id: UUID | None
    employee_id: UUID | None
    device_id: UUID | None
    kind: str
    at: datetime
    seconds: int

    @property
    def is_claim(self) -> bool:
        """Whether it claims time."""
        return self.kind in tuple(Kind)


async def append(tx: AsyncConnection, company_id: UUID, *, kind: str, at: datetime, employee_id: UUID | None) -> None:
    """Adds a session start, a screenshot or a call for levels."""
    await tx.execute(_APPEND, {"company_id": company_id, "employee_id": employee_id, "kind": kind, "at": at})


async def take(tx: AsyncConnection, limit: int) -> list[Entry]:
    """Removes the scope's oldest entries and returns them in order; the caller holds the company."""
    return sorted((Entry(*row) for row in await tx.execute(_TAKE, {"limit": limit})), key=lambda entry: entry.entry_id)


async def companies_waiting(dispatch: AsyncConnection) -> Sequence[UUID]:
    """Companies that have work, read with the dispatch role."""
    return (await dispatch.execute(_COMPANIES)).scalars().all()
