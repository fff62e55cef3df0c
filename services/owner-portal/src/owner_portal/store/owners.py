"""Owner accounts, their sessions, and how often a password was tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.domain.owners import Owner

_SAVE_OWNER = text("""
    INSERT INTO owner (id, email, password_hash) VALUES (:id, :email, :password_hash)
    ON CONFLICT (email) DO UPDATE SET password_hash = excluded.password_hash
    RETURNING id
""")

_FIND_OWNER = text("SELECT id, password_hash FROM owner WHERE email = :email")

_OPEN_SESSION = text("INSERT INTO owner_session (digest, owner_id) VALUES (:digest, :owner_id)")

# Seen again is written at most once a minute: a page read is not a write.
_FIND_SESSION = text("""
    WITH seen AS (
        UPDATE owner_session SET last_seen_at = now()
        WHERE :touch AND digest = :digest AND last_seen_at > now() - CAST(:idle AS interval)
          AND last_seen_at < now() - interval '1 minute'
    )
    SELECT o.id, o.email FROM owner_session s JOIN owner o ON o.id = s.owner_id
    WHERE s.digest = :digest AND s.last_seen_at > now() - CAST(:idle AS interval)
""")

_CLOSE_SESSION = text("DELETE FROM owner_session WHERE digest = :digest")

_CLOSE_SESSIONS_OF = text("DELETE FROM owner_session WHERE owner_id = :owner_id")

_COUNT_ATTEMPT = text("""
    INSERT INTO sign_in_attempt AS a (subject, attempts, since)
    SELECT subject, 1, now() FROM unnest(CAST(:subjects AS text[])) AS given (subject) ORDER BY subject
    ON CONFLICT (subject) DO UPDATE
    SET attempts = CASE WHEN a.since <= now() - CAST(:window AS interval) THEN 1 ELSE a.attempts + 1 END,
        since = CASE WHEN a.since <= now() - CAST(:window AS interval) THEN now() ELSE a.since END
    RETURNING subject, attempts, since
""")

_FORGIVE_ATTEMPT = text("UPDATE sign_in_attempt SET attempts = attempts - 1 WHERE subject = :subject AND attempts > 0")

_FORGET_ATTEMPTS = text("DELETE FROM sign_in_attempt WHERE subject = :subject")

_SWEEP_SESSIONS = text("DELETE FROM owner_session WHERE last_seen_at <= now() - CAST(:idle AS interval)")

_SWEEP_ATTEMPTS = text("DELETE FROM sign_in_attempt WHERE since <= now() - CAST(:window AS interval)")


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often something was tried since the window opened, this time included."""

    count: int
    since: datetime


async def save_owner(tx: AsyncConnection, *, new_id: UUID, email: str, password_hash: str) -> UUID:
    """Creates the account, or sets the password of the one that has this e-mail; returns its id."""
    values = {"id": new_id, "email": email, "password_hash": password_hash}
    owner_id: UUID = (await tx.execute(_SAVE_OWNER, values)).scalar_one()
    return owner_id


async def find_owner(tx: AsyncConnection, email: str) -> Owner | None:
    """The account of this e-mail, which is in its normal form."""
    row = (await tx.execute(_FIND_OWNER, {"email": email})).one_or_none()
    return Owner(*row) if row else None


async def open_session(tx: AsyncConnection, *, digest: bytes, owner_id: UUID) -> None:
    """Stores a new session by the digest of its token."""
    await tx.execute(_OPEN_SESSION, {"digest": digest, "owner_id": owner_id})


async def find_session(tx: AsyncConnection, digest: bytes, *, idle: timedelta, touch: bool) -> tuple[UUID, str] | None:
    """Id and e-mail of the owner whose live session this is; `touch` starts its idle time anew."""
    row = (await tx.execute(_FIND_SESSION, {"digest": digest, "idle": idle, "touch": touch})).one_or_none()
    return (row.id, row.email) if row else None


async def close_session(tx: AsyncConnection, digest: bytes) -> None:
    """Ends one session; nothing happens when it has ended already."""
    await tx.execute(_CLOSE_SESSION, {"digest": digest})


async def close_sessions_of(tx: AsyncConnection, owner_id: UUID) -> None:
    """Ends all sessions of an owner."""
    await tx.execute(_CLOSE_SESSIONS_OF, {"owner_id": owner_id})


async def count_attempt(tx: AsyncConnection, subjects: list[str], *, window: timedelta) -> Mapping[str, Attempts]:
    """Counts one attempt for each subject; returns how many each has within its window."""
    rows = await tx.execute(_COUNT_ATTEMPT, {"subjects": subjects, "window": window})
    return {row.subject: Attempts(row.attempts, row.since) for row in rows}


async def forgive_attempt(tx: AsyncConnection, subject: str) -> None:
    """Takes one attempt back."""
    await tx.execute(_FORGIVE_ATTEMPT, {"subject": subject})


async def forget_attempts(tx: AsyncConnection, subject: str) -> None:
    """Starts a subject anew."""
    await tx.execute(_FORGET_ATTEMPTS, {"subject": subject})


async def sweep(tx: AsyncConnection, *, idle: timedelta, window: timedelta) -> None:
    """Deletes sessions and attempts whose time is over."""
    await tx.execute(_SWEEP_SESSIONS, {"idle": idle})
    await tx.execute(_SWEEP_ATTEMPTS, {"window": window})
