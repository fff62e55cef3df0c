"""Answers that hold a secret, sealed, by the key of the request and by the id that their page has."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# A second request with the same key that comes at the same moment waits here until the first has committed.
_SAVE = text("""
    INSERT INTO kept_answer (owner_id, key_digest, content_digest, answer_id, session_id)
    VALUES (:owner_id, :key_digest, :content_digest, :answer_id, :session_id)
    ON CONFLICT (owner_id, key_digest) DO NOTHING RETURNING 1
""")

_FIND = text("""
    SELECT answer_id, content_digest, sealed FROM kept_answer WHERE owner_id = :owner_id AND key_digest = :key_digest
""")

_SEAL = text("UPDATE kept_answer SET sealed = :sealed WHERE answer_id = :answer_id")

_TAKE = text("""
    WITH held AS (
        SELECT answer_id, sealed FROM kept_answer
        WHERE answer_id = :answer_id AND owner_id = :owner_id AND session_id = :session_id
          AND made_at > now() - CAST(:time AS interval) FOR UPDATE
    )
    UPDATE kept_answer k SET sealed = NULL FROM held WHERE k.answer_id = held.answer_id RETURNING held.sealed
""")

_SWEEP = text("DELETE FROM kept_answer WHERE made_at <= now() - CAST(:age AS interval)")


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered before; `sealed` is None once its page was seen."""

    answer_id: UUID
    content_digest: bytes
    sealed: bytes | None = field(repr=False)


async def save(
    tx: AsyncConnection, *, owner_id: UUID, session_id: UUID, key_digest: bytes, content_digest: bytes, answer_id: UUID
) -> KeptAnswer | None:
    """Notes a request, to be answered in this transaction; the answer from before, if it is a repetition."""
    values = {"owner_id": owner_id, "key_digest": key_digest}
    new = {"content_digest": content_digest, "answer_id": answer_id, "session_id": session_id}
    if (await tx.execute(_SAVE, values | new)).one_or_none() is not None:
        return None
    return KeptAnswer(**(await tx.execute(_FIND, values)).one()._asdict())


async def seal(tx: AsyncConnection, answer_id: UUID, sealed: bytes) -> None:
    """Keeps the answer."""
    await tx.execute(_SEAL, {"answer_id": answer_id, "sealed": sealed})


async def take(
    tx: AsyncConnection, answer_id: UUID, *, owner_id: UUID, session_id: UUID, time: timedelta
) -> bytes | None:
    """The answer for its page, once and within `time`; None: it was seen, is over, or is another session's."""
    values = {"answer_id": answer_id, "owner_id": owner_id, "session_id": session_id, "time": time}
    sealed: bytes | None = (await tx.execute(_TAKE, values)).scalar_one_or_none()
    return sealed


async def sweep(tx: AsyncConnection, *, age: timedelta) -> None:
    """Forgets those that are older."""
    await tx.execute(_SWEEP, {"age": age})
