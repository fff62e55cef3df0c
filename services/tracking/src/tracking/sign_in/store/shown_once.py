"""Secrets that the next page of a session shows once, stored as the seeds they are derived from."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_INSERT = text("""
    INSERT INTO shown_once (company_id, shown_id, token_digest, employee_id, seed, expires_at)
    VALUES (:company_id, :shown_id, :token_digest, :employee_id, :seed, now() + CAST(:time AS interval))
""")

_TAKE = text("""
    DELETE FROM shown_once WHERE shown_id = :shown_id AND token_digest = :token_digest AND employee_id = :employee_id
    RETURNING seed, expires_at > now() AS is_good
""")


@dataclass(frozen=True, slots=True)
class ShownSecret:
    """A secret's seed; None if there is no secret."""

    seed: bytes | None


async def insert(
    tx: AsyncConnection,
    company_id: UUID,
    shown_id: UUID,
    *,
    token_digest: bytes,
    employee_id: UUID,
    seed: bytes | None,
    time: timedelta,
) -> None:
    """Lets the session with that token see it once, within `time`; `employee_id` is the person it belongs to."""
    values = {
        "company_id": company_id,
        "shown_id": shown_id,
        "token_digest": token_digest,
        "employee_id": employee_id,
        "seed": seed,
        "time": time,
    }
    await tx.execute(_INSERT, values)


async def take(tx: AsyncConnection, shown_id: UUID, *, token_digest: bytes, employee_id: UUID) -> ShownSecret | None:
    """Returns it once; None if it was shown, has expired, or belongs to another session."""
    values = {"shown_id": shown_id, "token_digest": token_digest, "employee_id": employee_id}
    row = (await tx.execute(_TAKE, values)).one_or_none()
    return ShownSecret(bytes(row.seed) if row.seed else None) if row and row.is_good else None
