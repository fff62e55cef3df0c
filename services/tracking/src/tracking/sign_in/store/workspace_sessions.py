"""Sessions of the workspace."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.workspace.rules.visitors import SignedIn

_INSERT = text("""
    INSERT INTO workspace_session (company_id, token_digest, employee_id, csrf_token, expires_at)
    VALUES (:company_id, :token_digest, :employee_id, :csrf_token, :expires_at)
""")

_FIND = text("""
    SELECT s.employee_id, e.name, e.role, s.csrf_token, c.workspace_name, c.brand_colour
    FROM workspace_session s JOIN employee e USING (company_id, employee_id)
    LEFT JOIN company_settings c USING (company_id)
    WHERE s.token_digest = :token_digest AND s.expires_at > :now AND e.active
""")

_DELETE = text("DELETE FROM workspace_session WHERE token_digest = :token_digest OR expires_at <= now()")

_DELETE_OF_EMPLOYEE = text("""
    DELETE FROM workspace_session
    WHERE employee_id = :employee_id AND token_digest IS DISTINCT FROM CAST(:spared AS bytea)
""")


async def insert(
    tx: AsyncConnection,
    company_id: UUID,
    *,
    token_digest: bytes,
    employee_id: UUID,
    csrf_token: str,
    expires_at: datetime,
) -> None:
    """Inserts a session."""
    values = {
        "company_id": company_id,
        "token_digest": token_digest,
        "employee_id": employee_id,
        "csrf_token": csrf_token,
        "expires_at": expires_at,
    }
    await tx.execute(_INSERT, values)


async def find(tx: AsyncConnection, token_digest: bytes, now: datetime) -> SignedIn | None:
    """The company's session with that token, unless it has expired or its account is inactive."""
    row = (await tx.execute(_FIND, {"token_digest": token_digest, "now": now})).one_or_none()
    return SignedIn(**row._mapping) if row else None


async def delete(tx: AsyncConnection, token_digest: bytes) -> None:
    """Deletes a session, and the company's expired ones."""
    await tx.execute(_DELETE, {"token_digest": token_digest})


async def delete_of_employee(tx: AsyncConnection, employee_id: UUID, *, spared: bytes | None = None) -> None:
    """Deletes all of a person's sessions except the one with the `spared` token."""
    await tx.execute(_DELETE_OF_EMPLOYEE, {"employee_id": employee_id, "spared": spared})
