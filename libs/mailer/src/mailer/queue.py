"""The queue of e-mails in the table `mail` of the service's database, which its migrations create:

`id uuid PRIMARY KEY, recipient, subject, body text NOT NULL, queued_at, due_at timestamptz NOT NULL DEFAULT now(),
attempts integer NOT NULL DEFAULT 0, problem text`. Delivered e-mails are deleted, because their bodies may contain
links that grant access.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer.mail import Mail, one_line
from servicekit.ids import new_id

_APPEND = text("INSERT INTO mail (id, recipient, subject, body) VALUES (:id, :recipient, :subject, :body)")

# Selects by state, so that several processes share the work. Mails of a dead process are due again after their lease.
_CLAIM = text("""
    UPDATE mail SET due_at = now() + CAST(:lease AS interval)
    WHERE id IN (SELECT id FROM mail WHERE due_at <= now() ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING id, recipient, subject, body, queued_at, attempts
""")

_POSTPONE = text("""
    UPDATE mail SET attempts = attempts + 1, due_at = now() + CAST(:pause AS interval), problem = :problem
    WHERE id = :id
""")

_DELETE = text("DELETE FROM mail WHERE id = :id")

_STATE = text("""
    SELECT count(*) AS waiting, min(queued_at) FILTER (WHERE attempts > 0) AS failing_since,
           (array_agg(problem ORDER BY due_at DESC) FILTER (WHERE problem IS NOT NULL))[1] AS problem
    FROM mail
""")


@dataclass(frozen=True, slots=True)
class MailState:
    """The number of waiting mails, the start of the oldest failing one, and the latest error; None without failures."""

    waiting: int
    failing_since: datetime | None
    problem: str | None


async def queue_mail(tx: AsyncConnection, *, to: str, subject: str, body: str) -> None:
    """Queues a plain-text mail in the caller's transaction; it is sent only if the transaction commits.

    The first delivery follows within seconds of the commit; failures are repeated for three days.
    """
    await tx.execute(_APPEND, {"id": new_id(), "recipient": one_line(to), "subject": one_line(subject), "body": body})


async def claim(tx: AsyncConnection, *, limit: int, lease: timedelta) -> list[Mail]:
    """Claims up to `limit` due mails for `lease`."""
    return [Mail(*row) for row in await tx.execute(_CLAIM, {"limit": limit, "lease": lease})]


async def postpone(tx: AsyncConnection, mail_id: UUID, *, pause: timedelta, problem: str) -> None:
    """Records a failed attempt; the mail is due again after `pause`."""
    await tx.execute(_POSTPONE, {"id": mail_id, "pause": pause, "problem": problem})


async def delete(tx: AsyncConnection, mail_id: UUID) -> None:
    """Deletes a delivered or abandoned mail."""
    await tx.execute(_DELETE, {"id": mail_id})


async def read_state(tx: AsyncConnection) -> MailState:
    """Returns the state of the queue."""
    return MailState(*(await tx.execute(_STATE)).one())
