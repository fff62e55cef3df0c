"""Delivery of queued e-mails, at least once each. No transaction is open during a delivery."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer import queue
from mailer.mail import Mail, is_given_up, pause_after
from servicekit.errors import AppError, Refused

log = structlog.get_logger()

BATCH = 4
LEASE = timedelta(minutes=10)  # longer than a batch can take: a delivery is a dozen commands of at most 10 seconds


Begin = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Begins a transaction on the database of the queue, which is committed at the end of the context."""


class Sender(Protocol):
    """A means of delivery."""

    async def send(self, mail: Mail) -> None:
        """Returns when the e-mail was accepted. After Refused it is abandoned, after other errors it is repeated."""


async def send_mail(begin: Begin, *, sender: Sender) -> bool:
    """Delivers due e-mails one after another; returns whether there were any."""
    async with begin() as tx:
        due = await queue.claim(tx, limit=BATCH, lease=LEASE)
    for mail in due:
        await _send(begin, sender, mail)
    return bool(due)


async def _send(begin: Begin, sender: Sender, mail: Mail) -> None:
    try:
        await sender.send(mail)
    except Exception as error:
        gone = isinstance(error, Refused) or is_given_up(mail, datetime.now(UTC))
        problem = error.message if isinstance(error, AppError) else repr(error)
        log.warning("mail given up" if gone else "mail not sent", mail_id=str(mail.mail_id), error=problem)
        if not gone:
            async with begin() as tx:
                await queue.postpone(tx, mail.mail_id, pause=pause_after(mail.attempts + 1), problem=problem)
            return
    async with begin() as tx:
        await queue.delete(tx, mail.mail_id)
