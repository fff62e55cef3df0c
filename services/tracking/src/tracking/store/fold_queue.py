"""What waits to be folded into the totals."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

SESSION = "S"
SCREENSHOT = "P"
LEVELS = "L"

_APPEND = text("""
    INSERT INTO fold_queue (company_id, employee_id, kind, at) VALUES (:company_id, :employee_id, :kind, :at)
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


async def append(tx: AsyncConnection, company_id: UUID, *, kind: str, at: datetime, employee_id: UUID | None) -> None:
    """Adds a session start, a screenshot or a call for levels."""
    await tx.execute(_APPEND, {"company_id": company_id, "employee_id": employee_id, "kind": kind, "at": at})


async def companies_waiting(dispatch: AsyncConnection) -> Sequence[UUID]:
    """Companies that have work, read with the dispatch role."""
    return (await dispatch.execute(_COMPANIES)).scalars().all()
