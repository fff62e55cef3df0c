"""Invites somebody to become an owner, and takes an invitation back."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.tokens import new_token, token_digest
from mailer.queue import queue_mail
from owner_portal.application.audit.record_action import append_action
from owner_portal.domain import owners as rules
from owner_portal.domain.owners import Invitation
from owner_portal.store import invitations, owners
from servicekit.errors import Conflict, NotFound
from servicekit.ids import new_id

SUBJECT = "You are invited to the Tenantry owner portal"
BODY = """{inviter} invites you to the Tenantry owner portal.

Choose your password here:
{link}

The link can be used once, until {until:%d %B %Y, %H:%M} UTC. If you expect no invitation, do nothing.
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """An invitation and the only copy of its link."""

    invitation: Invitation
    link: str = field(repr=False)


async def invite_owner(engine: AsyncEngine, *, actor: str, email: str, public_url: str) -> Sent:
    """Queues the e-mail with the link. An earlier invitation of the same e-mail ends.

    InvalidInput: no e-mail. Conflict: this is an owner already. Somebody who was deactivated may be invited again.
    """
    email = rules.normal_email(email)
    rules.check_email(email)
    token = new_token()
    link = f"{public_url.rstrip('/')}/owner/invitation/?token={token}"
    async with engine.begin() as tx:
        if await owners.find_owner(tx, email) is not None:
            raise Conflict(f"{email} is an owner already.")
        invitation = await invitations.save(
            tx,
            invitation_id=new_id(),
            digest=token_digest(token),
            email=email,
            invited_by=actor,
            time=rules.INVITATION_TIME,
        )
        body = BODY.format(inviter=actor, link=link, until=invitation.expires_at)
        await queue_mail(tx, to=email, subject=SUBJECT, body=body)
        await append_action(tx, actor=actor, action="invite_owner", subject=email)
    return Sent(invitation, link)


async def withdraw_invitation(engine: AsyncEngine, *, actor: str, invitation_id: UUID) -> None:
    """Its link leads nowhere any more. NotFound: it was taken or withdrawn already."""
    async with engine.begin() as tx:
        email = await invitations.withdraw(tx, invitation_id)
        if email is None:
            raise NotFound("There is no such invitation. It may have been taken already: reload the page.")
        await append_action(tx, actor=actor, action="withdraw_invitation", subject=email)
