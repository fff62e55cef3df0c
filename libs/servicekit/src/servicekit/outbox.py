"""The outbox: events are stored in the transaction of their change and wait until the relay has published them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from servicekit.events import OutgoingEvent
from servicekit.ids import new_id
from servicekit.telemetry import traceparent

TABLE = """
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    subject text NOT NULL,
    event_type text NOT NULL,
    payload bytea NOT NULL,
    revision bigint,
    traceparent text,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE UNIQUE INDEX outbox_compacted ON outbox (subject) WHERE revision IS NOT NULL;
CREATE INDEX outbox_claim ON outbox (claimed_until);
"""
CHANNEL = "outbox"  # PostgreSQL notifies this channel of each append

_APPEND = text("""
    INSERT INTO outbox (id, subject, event_type, payload, traceparent)
    VALUES (:id, :subject, :event_type, :payload, :traceparent)
    RETURNING pg_notify('outbox', '')
""")

# The new id prevents a relay that published the older version from deleting this row.
_REPLACE = text("""
    INSERT INTO outbox AS o (id, subject, event_type, payload, traceparent, revision)
    VALUES (:id, :subject, :event_type, :payload, :traceparent, :revision)
    ON CONFLICT (subject) WHERE revision IS NOT NULL DO UPDATE
    SET id = excluded.id, payload = excluded.payload, traceparent = excluded.traceparent,
        revision = excluded.revision, occurred_at = excluded.occurred_at, claimed_until = '-infinity'
    WHERE o.revision < excluded.revision
    RETURNING pg_notify('outbox', '')
""")

# Selects by state, never by "id > last seen": a smaller id may be committed later and would never be published.
_CLAIM = text("""
    UPDATE outbox SET claimed_until = now() + :lease
    WHERE id IN (
        SELECT id FROM outbox WHERE claimed_until < now() ORDER BY claimed_until, id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING id, subject, event_type, payload, revision, traceparent, occurred_at
""")

_RELEASE = text("UPDATE outbox SET claimed_until = now() + :pause WHERE id = ANY(:ids)")

_DELETE = text("DELETE FROM outbox WHERE id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that waits to be published."""

    id: UUID
    subject: str
    event_type: str
    payload: bytes
    revision: int | None
    traceparent: str | None
    occurred_at: datetime


async def append(tx: AsyncConnection, event: OutgoingEvent) -> None:
    """Adds an event to the caller's transaction; one with a revision replaces an older one of the same subject."""
    values = {
        "id": new_id(),
        "subject": event.subject,
        "event_type": event.type,
        "payload": event.payload,
        "traceparent": traceparent(),
    }
    if event.revision is None:
        await tx.execute(_APPEND, values)
    else:
        await tx.execute(_REPLACE, values | {"revision": event.revision})


async def claim(tx: AsyncConnection, *, limit: int, lease: timedelta) -> list[Waiting]:
    """Claims up to `limit` events for `lease`. If the relay dies, another one claims them after the lease."""
    rows = await tx.execute(_CLAIM, {"limit": limit, "lease": lease})
    return [Waiting(*row) for row in rows]


async def release(tx: AsyncConnection, ids: Sequence[UUID], *, pause: timedelta) -> None:
    """Releases claimed events, to be published after `pause`."""
    await tx.execute(_RELEASE, {"ids": list(ids), "pause": pause})


async def delete(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Deletes published events. A row that was replaced meanwhile has another id and stays."""
    await tx.execute(_DELETE, {"ids": list(ids)})
