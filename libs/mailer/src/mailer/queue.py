"""E-mails that wait in the table `mail` of the service's own database, which its migrations create:

`id uuid PRIMARY KEY, recipient, subject, body text NOT NULL, queued_at, due_at timestamptz NOT NULL DEFAULT now(),
attempts integer NOT NULL DEFAULT 0, problem text`. One that was handed over is deleted: its body may hold a link that
lets somebody in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer.mail import Mail, one_line
from servicekit.ids import new_id

_APPEND = text("INSERT INTO mail (id, recipient, subject, body) VALUES (:id, :recipient, :subject, :body)")

# By state, so that several processes share the work; one that died gives its mails back when their lease is over.
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
    """How many wait; the age of the oldest that failed already and why the latest did; None when none did."""

    waiting: int
    failing_since: datetime | None
    problem: str | None


async def queue_mail(tx: AsyncConnection, *, to: str, subject: str, body: str) -> None:
    """Adds plain text to one address to the caller's transaction: it goes out if that commits, never if it does not.

    Sent within seconds of the commit, and tried for three days.
    """
    await tx.execute(_APPEND, {"id": new_id(), "recipient": one_line(to), "subject": one_line(subject), "body": body})


async def claim(tx: AsyncConnection, *, limit: int, lease: timedelta) -> list[Mail]:
    """Takes up to `limit` mails that are due, for `lease`."""
    return [Mail(*row) for row in await tx.execute(_CLAIM, {"limit": limit, "lease": lease})]


async def postpone(tx: AsyncConnection, mail_id: UUID, *, pause: timedelta, problem: str) -> None:
    """Notes a failed attempt; the mail is due again after `pause`."""
    await tx.execute(_POSTPONE, {"id": mail_id, "pause": pause, "problem": problem})


async def delete(tx: AsyncConnection, mail_id: UUID) -> None:
    """Forgets a mail that was handed over, or given up."""
    await tx.execute(_DELETE, {"id": mail_id})


async def read_state(tx: AsyncConnection) -> MailState:
    """How the queue stands."""
    return MailState(*(await tx.execute(_STATE)).one())
