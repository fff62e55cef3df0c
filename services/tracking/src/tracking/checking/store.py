"""Claims in the order in which they were folded, and statements that import history."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from servicekit.ids import new_id

_IN_ORDER = text("""
    SELECT employee_id, device_id, revision, upload_id, kind, at, seconds FROM activity
    ORDER BY employee_id, revision, entry_id
""")


@dataclass(frozen=True, slots=True)
class FoldedClaim:
    """One claim as it was folded; claims with one `revision` and `upload_id` came in one upload."""

    employee_id: UUID
    device_id: UUID
    revision: int
    upload_id: UUID
    kind: str
    at: datetime
    seconds: int


async def in_order(tx: AsyncConnection) -> AsyncIterator[FoldedClaim]:
    """Streams all claims of the company, employee by employee, in the order in which they were folded."""
    async for row in await tx.stream(_IN_ORDER):
        yield FoldedClaim(**row._mapping)


_DEVICE = text("""
    INSERT INTO device (company_id, device_id, employee_id, token_digest, logged_in_at, revoked_at)
    VALUES (:company_id, :device_id, :employee_id, uuid_send(:device_id), :since, :since)
    ON CONFLICT (company_id, device_id) DO NOTHING
    RETURNING 1
""")

_SESSIONS = text("""
    INSERT INTO work_session
        (company_id, session_id, employee_id, device_id, started_at, last_seen_at, ended_at, ended_by)
    SELECT :company_id, s.id, :employee_id, :device_id, s.started, s.ended, s.ended, 'TRACKER'
    FROM unnest(CAST(:ids AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
         AS s (id, started, ended)
""")

_SESSION_ENTRIES = text("""
    INSERT INTO fold_queue (company_id, employee_id, kind, at)
    SELECT :company_id, :employee_id, 'S', s FROM unnest(CAST(:starts AS timestamptz[])) s
""")

_CLAIMS = text("""
    INSERT INTO fold_queue (company_id, upload_id, record_id, employee_id, device_id, kind, at, seconds)
    SELECT :company_id, c.upload_id, c.record_id, :employee_id, :device_id, c.kind, c.at, c.seconds
    FROM unnest(CAST(:upload_ids AS uuid[]), CAST(:record_ids AS uuid[]), CAST(:kinds AS text[]),
                CAST(:times AS timestamptz[]), CAST(:seconds AS integer[])) c (upload_id, record_id, kind, at, seconds)
""")


async def begin(tx: AsyncConnection, company_id: UUID, *, employee_id: UUID, device_id: UUID, since: datetime) -> bool:
    """Inserts a placeholder device for the history, which nobody can sign in with; False if it was imported before."""
    values = {"company_id": company_id, "employee_id": employee_id, "device_id": device_id, "since": since}
    return (await tx.execute(_DEVICE, values)).one_or_none() is not None


async def add_sessions(
    tx: AsyncConnection,
    company_id: UUID,
    *,
    employee_id: UUID,
    device_id: UUID,
    sessions: Sequence[tuple[datetime, datetime]],
) -> None:
    """Inserts ended sessions (start, end) and queues them for the fold."""
    values = {
        "company_id": company_id,
        "employee_id": employee_id,
        "device_id": device_id,
        "ids": [new_id() for _ in sessions],
        "starts": [start for start, _end in sessions],
        "ends": [end for _start, end in sessions],
    }
    await tx.execute(_SESSIONS, values)
    await tx.execute(_SESSION_ENTRIES, values)


async def add_claims(
    tx: AsyncConnection,
    company_id: UUID,
    *,
    employee_id: UUID,
    device_id: UUID,
    claims: Sequence[tuple[UUID, str, datetime, int]],
) -> None:
    """Queues claims (upload, kind, end, seconds) for the fold; claims of one upload are folded together."""
    values = {
        "company_id": company_id,
        "employee_id": employee_id,
        "device_id": device_id,
        "upload_ids": [upload for upload, _kind, _at, _seconds in claims],
        "record_ids": [new_id() for _ in claims],
        "kinds": [kind for _upload, kind, _at, _seconds in claims],
        "times": [at for _upload, _kind, at, _seconds in claims],
        "seconds": [seconds for _upload, _kind, _at, seconds in claims],
    }
    await tx.execute(_CLAIMS, values)
