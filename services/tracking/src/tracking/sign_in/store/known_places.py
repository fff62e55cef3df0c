"""Known browsers and addresses: the places where an account was used before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

MAX_KEPT = 20  # for each account; the least recently used ones are removed

_REMEMBER = text("""
    INSERT INTO known_place AS k (company_id, employee_id, digest, used_at)
    VALUES (:company_id, :employee_id, :digest, :now)
    ON CONFLICT (company_id, employee_id, digest) DO UPDATE SET used_at = greatest(k.used_at, excluded.used_at)
""")

_PRUNE = text("""
    DELETE FROM known_place WHERE employee_id = :employee_id AND (
        used_at <= now() - interval '90 days' OR digest IN (
            SELECT digest FROM known_place WHERE employee_id = :employee_id
            ORDER BY used_at DESC, digest OFFSET :kept
        )
    )
""")

_FORGET = text("DELETE FROM known_place WHERE employee_id = :employee_id")


async def remember(tx: AsyncConnection, company_id: UUID, employee_id: UUID, digest: bytes, now: datetime) -> None:
    """Records a use of the account there; places not used for 90 days are removed."""
    values = {"company_id": company_id, "employee_id": employee_id, "digest": digest, "now": now}
    await tx.execute(_REMEMBER, values)
    await tx.execute(_PRUNE, {"employee_id": employee_id, "kept": MAX_KEPT})


async def forget(tx: AsyncConnection, employee_id: UUID) -> None:
    """Removes all known places of the account."""
    await tx.execute(_FORGET, {"employee_id": employee_id})
