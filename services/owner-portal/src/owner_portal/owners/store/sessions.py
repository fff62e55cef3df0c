"""Sessions by the digest of their token, and pending sign-ins that wait for a code."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.owners.rules.accounts import Caller, Session

_OPEN = text("""
    INSERT INTO owner_session (digest, owner_id, id, address, device, proved_at)
    VALUES (:digest, :owner_id, :id, :address, :device, coalesce(CAST(:proved_at AS timestamptz), now()))
""")

# The last use is written at most once a minute.
_FIND = text("""
    WITH seen AS (
        UPDATE owner_session SET last_seen_at = now()
        WHERE :touch AND digest = :digest AND last_seen_at > now() - CAST(:idle AS interval)
          AND created_at > now() - CAST(:max_age AS interval) AND last_seen_at < now() - interval '1 minute'
    )
    SELECT o.id AS owner_id, o.email, s.id AS session_id, s.proved_at, f.confirmed_at IS NOT NULL AS has_second_factor
    FROM owner_session s JOIN owner o ON o.id = s.owner_id LEFT JOIN second_factor f ON f.owner_id = o.id
    WHERE s.digest = :digest AND s.last_seen_at > now() - CAST(:idle AS interval)
      AND s.created_at > now() - CAST(:max_age AS interval) AND o.deactivated_at IS NULL
""")

_LIST = text("""
    SELECT id AS session_id, device, address, created_at, last_seen_at FROM owner_session
    WHERE owner_id = :owner_id AND last_seen_at > now() - CAST(:idle AS interval)
      AND created_at > now() - CAST(:max_age AS interval)
    ORDER BY last_seen_at DESC, session_id
""")

_PROVED = text("UPDATE owner_session SET proved_at = now() WHERE id = :session_id")

_CLOSE = text("DELETE FROM owner_session WHERE digest = :digest")

_CLOSE_ONE = text("DELETE FROM owner_session WHERE id = :session_id AND owner_id = :owner_id RETURNING device, address")

_CLOSE_ALL = text("""
    DELETE FROM owner_session
    WHERE owner_id = :owner_id AND (CAST(:spared AS uuid) IS NULL OR id <> :spared) RETURNING id
""")

_SWEEP = text("""
    DELETE FROM owner_session
    WHERE last_seen_at <= now() - CAST(:idle AS interval) OR created_at <= now() - CAST(:max_age AS interval)
""")

_ADD_CHALLENGE = text("INSERT INTO sign_in_challenge (digest, owner_id) VALUES (:digest, :owner_id)")

_FIND_CHALLENGE = text("""
    SELECT owner_id FROM sign_in_challenge
    WHERE digest = :digest AND created_at > now() - CAST(:time AS interval)
""")

_REMOVE_CHALLENGES = text("DELETE FROM sign_in_challenge WHERE owner_id = :owner_id")

_SWEEP_CHALLENGES = text("DELETE FROM sign_in_challenge WHERE created_at <= now() - CAST(:time AS interval)")


@dataclass(frozen=True, slots=True)
class FoundSession:
    """A live session and whose it is."""

    owner_id: UUID
    email: str
    session_id: UUID
    proved_at: datetime
    has_second_factor: bool


async def open_session(
    tx: AsyncConnection,
    *,
    digest: bytes,
    owner_id: UUID,
    session_id: UUID,
    caller: Caller,
    proved_at: datetime | None = None,
) -> None:
    """Stores a new session with its step-up time; None: now."""
    values = {"digest": digest, "owner_id": owner_id, "id": session_id, "proved_at": proved_at}
    await tx.execute(_OPEN, values | {"address": caller.address, "device": caller.device})


async def find_session(
    tx: AsyncConnection, digest: bytes, *, idle: timedelta, max_age: timedelta, touch: bool
) -> FoundSession | None:
    """The session with this digest, used within `idle` and no older than `max_age`; `touch`: it is used now."""
    values = {"digest": digest, "idle": idle, "max_age": max_age, "touch": touch}
    row = (await tx.execute(_FIND, values)).one_or_none()
    return FoundSession(**row._asdict()) if row else None


async def list_sessions(tx: AsyncConnection, owner_id: UUID, *, idle: timedelta, max_age: timedelta) -> list[Session]:
    """The live sessions of an owner, the latest used first."""
    values = {"owner_id": owner_id, "idle": idle, "max_age": max_age}
    return [Session(**row._asdict()) for row in await tx.execute(_LIST, values)]


async def mark_proved(tx: AsyncConnection, session_id: UUID) -> None:
    """Records a step-up authentication now."""
    await tx.execute(_PROVED, {"session_id": session_id})


async def close_session(tx: AsyncConnection, digest: bytes) -> None:
    """Ends one session; nothing happens when it has ended already."""
    await tx.execute(_CLOSE, {"digest": digest})


async def close_one(tx: AsyncConnection, *, owner_id: UUID, session_id: UUID) -> Caller | None:
    """Ends a session of this owner; returns where it came from, None when there is no such session."""
    row = (await tx.execute(_CLOSE_ONE, {"owner_id": owner_id, "session_id": session_id})).one_or_none()
    return Caller(address=row.address, device=row.device) if row else None


async def close_all(tx: AsyncConnection, owner_id: UUID, *, spared: UUID | None = None) -> int:
    """Ends all sessions of an owner but the `spared` one, and sign-ins that wait for a code; returns how many."""
    await tx.execute(_REMOVE_CHALLENGES, {"owner_id": owner_id})
    return len((await tx.execute(_CLOSE_ALL, {"owner_id": owner_id, "spared": spared})).all())


async def add_challenge(tx: AsyncConnection, *, digest: bytes, owner_id: UUID) -> None:
    """The password was right; the code may be shown together with the token of this digest."""
    await tx.execute(_ADD_CHALLENGE, {"digest": digest, "owner_id": owner_id})


async def find_challenge(tx: AsyncConnection, digest: bytes, *, time: timedelta) -> UUID | None:
    """Whose code is awaited; None when that took longer than `time`, or the code came already."""
    owner_id: UUID | None = (await tx.execute(_FIND_CHALLENGE, {"digest": digest, "time": time})).scalar_one_or_none()
    return owner_id


async def remove_challenges(tx: AsyncConnection, owner_id: UUID) -> None:
    """Ends pending sign-ins of this owner."""
    await tx.execute(_REMOVE_CHALLENGES, {"owner_id": owner_id})


async def sweep(tx: AsyncConnection, *, idle: timedelta, max_age: timedelta, challenge_time: timedelta) -> None:
    """Deletes what has expired."""
    await tx.execute(_SWEEP, {"idle": idle, "max_age": max_age})
    await tx.execute(_SWEEP_CHALLENGES, {"time": challenge_time})
