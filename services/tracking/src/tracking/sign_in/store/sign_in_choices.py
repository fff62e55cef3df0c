"""Sign-ins whose password matched in several companies, until the person chooses one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_INSERT = text("""
    INSERT INTO sign_in_choice (company_id, digest, employee_id, password_hash, expires_at)
    VALUES (:company_id, :digest, :employee_id, :password_hash, :expires_at)
""")

_SWEEP = text("DELETE FROM sign_in_choice WHERE expires_at <= :now")

_TAKE = text("""
    DELETE FROM sign_in_choice WHERE digest = :digest AND expires_at > :now RETURNING employee_id, password_hash
""")


async def insert(
    tx: AsyncConnection,
    company_id: UUID,
    *,
    digest: bytes,
    employee_id: UUID,
    password_hash: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Inserts one company as a choice under the digest of a ticket; expired choices are deleted."""
    await tx.execute(_SWEEP, {"now": now})
    values = {
        "company_id": company_id,
        "digest": digest,
        "employee_id": employee_id,
        "password_hash": password_hash,
        "expires_at": expires_at,
    }
    await tx.execute(_INSERT, values)


async def take(tx: AsyncConnection, digest: bytes, now: datetime) -> tuple[UUID, str] | None:
    """The chosen account, and the password hash that was compared; None if there is no such choice."""
    row = (await tx.execute(_TAKE, {"digest": digest, "now": now})).one_or_none()
    return (row.employee_id, row.password_hash) if row else None
