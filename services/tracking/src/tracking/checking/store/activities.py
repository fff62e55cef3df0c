"""Claims that were folded: the raw truth of active and idle time, in the order in which it was counted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_IN_ORDER = text("""
    SELECT employee_id, device_id, revision, upload_id, kind, at, seconds FROM activity
    ORDER BY employee_id, revision, entry_id
""")


@dataclass(frozen=True, slots=True)
class FoldedClaim:
    """One claim as it was folded; those of one `revision` and `upload_id` were one report."""

    employee_id: UUID
    device_id: UUID
    revision: int
    upload_id: UUID
    kind: str
    at: datetime
    seconds: int


async def in_order(tx: AsyncConnection) -> AsyncIterator[FoldedClaim]:
    """All claims of the scope, employee by employee, as they were folded; streamed."""
    async for row in await tx.stream(_IN_ORDER):
        yield FoldedClaim(*row)
