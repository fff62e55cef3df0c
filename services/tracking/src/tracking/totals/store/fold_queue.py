"""The fold queue: entries that wait for the next fold of their company."""

from collections import Counter
from collections.abc import Collection, Sequence
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

# For each moment as many entries as are requested, if there are so many.
_WITHDRAW = text("""
    WITH waiting AS (
        SELECT entry_id, at, row_number() OVER (PARTITION BY at ORDER BY entry_id) AS place FROM fold_queue
        WHERE kind = :kind AND employee_id = :employee_id AND at = ANY(CAST(:moments AS timestamptz[]))
    ), wanted AS (
        SELECT at, count(*) AS places FROM unnest(CAST(:moments AS timestamptz[])) at GROUP BY at
    )
    DELETE FROM fold_queue WHERE entry_id IN (
        SELECT entry_id FROM waiting JOIN wanted USING (at) WHERE place <= places
    )
    RETURNING at
""")

# Jumps from company to company along the key instead of reading a long queue.
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
    """Appends a session start, a screenshot, or a request to publish the levels."""
    await tx.execute(_APPEND, {"company_id": company_id, "employee_id": employee_id, "kind": kind, "at": at})


async def withdraw(
    tx: AsyncConnection, *, kind: str, employee_id: UUID, moments: Collection[datetime]
) -> Counter[datetime]:
    """Removes a person's waiting session starts or screenshots; the caller holds the company's lock.

    Returns the moments that were not waiting, which have been counted.
    """
    values = {"kind": kind, "employee_id": employee_id, "moments": list(moments)}
    return Counter(moments) - Counter((await tx.execute(_WITHDRAW, values)).scalars())


async def companies_waiting(dispatch: AsyncConnection) -> Sequence[UUID]:
    """Companies with waiting entries, read with the dispatch role."""
    return (await dispatch.execute(_COMPANIES)).scalars().all()
