"""Claims that were folded: the raw truth of active and idle time, in the order in which it was counted."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.store.fold_queue import Entry

_INSERT_NEW = text("""
    INSERT INTO activity
        (company_id, record_id, upload_id, employee_id, device_id, kind, at, seconds, entry_id, revision)
    SELECT :company_id, c.record_id, c.upload_id, c.employee_id, c.device_id, c.kind, c.at, c.seconds,
           c.entry_id, :revision
    FROM unnest(CAST(:record_ids AS uuid[]), CAST(:upload_ids AS uuid[]), CAST(:employee_ids AS uuid[]),
                CAST(:device_ids AS uuid[]), CAST(:kinds AS text[]), CAST(:times AS timestamptz[]),
                CAST(:seconds AS integer[]), CAST(:entry_ids AS bigint[]))
         AS c (record_id, upload_id, employee_id, device_id, kind, at, seconds, entry_id)
    ORDER BY c.entry_id
    ON CONFLICT (company_id, record_id) DO NOTHING
    RETURNING entry_id
""")

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


async def insert_new(tx: AsyncConnection, company_id: UUID, claims: Sequence[Entry], revision: int) -> set[int]:
    """Stores claims that are not there yet and returns their entry ids: a repeated row is no news."""
    if not claims:
        return set()
    values = {
        "company_id": company_id,
        "revision": revision,
        "record_ids": [claim.record_id for claim in claims],
        "upload_ids": [claim.upload_id for claim in claims],
        "employee_ids": [claim.employee_id for claim in claims],
        "device_ids": [claim.device_id for claim in claims],
        "kinds": [claim.kind for claim in claims],
        "times": [claim.at for claim in claims],
        "seconds": [claim.seconds for claim in claims],
        "entry_ids": [claim.entry_id for claim in claims],
    }
    return set((await tx.execute(_INSERT_NEW, values)).scalars())


async def in_order(tx: AsyncConnection) -> AsyncIterator[FoldedClaim]:
    """All claims of the scope, employee by employee, as they were folded; streamed."""
    async for row in await tx.stream(_IN_ORDER):
        yield FoldedClaim(*row)
