"""Lets an e-mail wait in the caller's transaction: it goes out if that commits, and never if it does not."""

from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.domain.mail import one_line
from owner_portal.store import mail
from servicekit.ids import new_id


async def queue_mail(tx: AsyncConnection, *, to: str, subject: str, body: str) -> None:
    """Plain text to one address. Sent within seconds of the commit, and tried for three days."""
    await mail.append(tx, mail_id=new_id(), recipient=one_line(to), subject=one_line(subject), body=body)
