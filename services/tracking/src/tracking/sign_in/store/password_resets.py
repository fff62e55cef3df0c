"""Password reset links and the requests for them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from servicekit.ids import new_id

# Serialised, so that concurrent requests are counted. They are rare, and each takes a millisecond.
_IN_LINE = text("SELECT pg_advisory_xact_lock(1601)")

_COUNT = text("""
    SELECT count(*) FILTER (WHERE account = :account) AS of_account,
           min(asked_at) FILTER (WHERE account = :account) AS first_of_account,
           count(*) FILTER (WHERE origin = :origin) AS from_origin,
           min(asked_at) FILTER (WHERE origin = :origin) AS first_from_origin
    FROM password_reset_request
    WHERE (account = :account OR origin = :origin) AND asked_at > now() - CAST(:window AS interval)
""")

_ASK = text("""
    INSERT INTO password_reset_request (company_id, request_id, account, origin, email)
    VALUES (:company_id, :request_id, :account, :origin, :email)
""")

_SWEEP = text("DELETE FROM password_reset_request WHERE answered AND asked_at <= now() - CAST(:window AS interval)")

_CLAIM = text("""
    UPDATE password_reset_request SET answered = true WHERE request_id = (
        SELECT request_id FROM password_reset_request WHERE NOT answered
        ORDER BY request_id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING email
""")

_SAVE = text("""
    INSERT INTO password_reset (company_id, token_digest, employee_id, expires_at)
    VALUES (:company_id, :token_digest, :employee_id, now() + CAST(:time AS interval)) RETURNING expires_at
""")

_FIND = text("SELECT employee_id FROM password_reset WHERE token_digest = :token_digest AND expires_at > now()")

_TAKE = text("""
    DELETE FROM password_reset WHERE token_digest = :token_digest AND expires_at > now() RETURNING employee_id
""")

_DELETE_OF_EMPLOYEE = text("DELETE FROM password_reset WHERE employee_id = :employee_id OR expires_at <= now()")


@dataclass(frozen=True, slots=True)
class ResetRequests:
    """The number of requests in the window, and the time of the first."""

    of_account: int
    first_of_account: datetime | None
    from_origin: int
    first_from_origin: datetime | None


async def count(tx: AsyncConnection, *, account: bytes, origin: bytes, window: timedelta) -> ResetRequests:
    """Requests for an account and from an origin; concurrent calls wait until this transaction ends."""
    await tx.execute(_IN_LINE)
    row = (await tx.execute(_COUNT, {"account": account, "origin": origin, "window": window})).one()
    return ResetRequests(**row._mapping)


async def ask(tx: AsyncConnection, company_id: UUID, *, account: bytes, origin: bytes, email: str) -> None:
    """Inserts a request that waits for its answer."""
    values = {"company_id": company_id, "request_id": new_id(), "account": account, "origin": origin, "email": email}
    await tx.execute(_ASK, values)


async def claim(tx: AsyncConnection) -> str | None:
    """Takes the e-mail of the oldest unanswered request; None if there is none.

    The request counts as answered when this transaction commits.
    """
    email: str | None = (await tx.execute(_CLAIM)).scalar_one_or_none()
    return email


async def sweep(tx: AsyncConnection, *, window: timedelta) -> None:
    """Deletes answered requests older than the `window`."""
    await tx.execute(_SWEEP, {"window": window})


async def save(
    tx: AsyncConnection, company_id: UUID, *, token_digest: bytes, employee_id: UUID, time: timedelta
) -> datetime:
    """Inserts a link that is valid for `time`; returns when it expires."""
    values = {"company_id": company_id, "token_digest": token_digest, "employee_id": employee_id, "time": time}
    expires_at: datetime = (await tx.execute(_SAVE, values)).scalar_one()
    return expires_at


async def find(tx: AsyncConnection, token_digest: bytes) -> UUID | None:
    """The employee whose password the link sets; None if it was used, has expired, or never existed."""
    employee_id: UUID | None = (await tx.execute(_FIND, {"token_digest": token_digest})).scalar_one_or_none()
    return employee_id


async def take(tx: AsyncConnection, token_digest: bytes) -> UUID | None:
    """The same, and uses up the link."""
    employee_id: UUID | None = (await tx.execute(_TAKE, {"token_digest": token_digest})).scalar_one_or_none()
    return employee_id


async def delete_of_employee(tx: AsyncConnection, employee_id: UUID) -> None:
    """Deletes all links of one account, and the company's expired ones."""
    await tx.execute(_DELETE_OF_EMPLOYEE, {"employee_id": employee_id})
