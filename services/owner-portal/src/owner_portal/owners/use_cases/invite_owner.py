"""Invites somebody to become an owner, and takes an invitation back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.tokens import new_token, token_digest
from mailer.queue import queue_mail
from owner_portal.audit.use_cases.record_action import append_action
from owner_portal.owners.rules import accounts as rules
from owner_portal.owners.rules.accounts import Invitation, SignedIn
from owner_portal.owners.store import accounts as owners
from owner_portal.owners.store import invitations
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.owners.use_cases.shown_once import answer_once, show_answer
from servicekit.errors import Conflict, NotFound
from servicekit.ids import new_id
from text_rules.showing import isolated

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
    answer_id: UUID  # of the page that shows it once


async def invite_owner(
    engine: AsyncEngine, *, signed_in: SignedIn, email: str, public_url: str, key: str, box: SecretBox
) -> Sent:
    """Queues the e-mail with the link, once for each `key`. An earlier invitation of the same e-mail ends.

    InvalidInput: no e-mail. Conflict: this is an owner already, or as of `answer_once`. Somebody who was deactivated
    may be invited again.
    """
    address = rules.address_of(email)
    actor, token = signed_in.email, new_token()
    link = f"{public_url.rstrip('/')}/owner/invitation/?token={token}"

    async def invite(tx: AsyncConnection) -> Mapping[str, str]:
        if await owners.find_owner(tx, address.key) is not None:
            raise Conflict(f"{address.text} is an owner already.")
        invitation = await invitations.save(
            tx,
            invitation_id=new_id(),
            digest=token_digest(token),
            address=address,
            invited_by=actor,
            time=rules.INVITATION_TIME,
        )
        body = BODY.format(inviter=isolated(actor), link=link, until=invitation.expires_at)
        await queue_mail(tx, to=address.text, subject=SUBJECT, body=body)
        await append_action(tx, actor=actor, action="invite_owner", subject=address.text)
        return _texts(invitation, link)

    content = {"request": "invite", "email": address.text}
    answered = await answer_once(engine, signed_in=signed_in, key=key, content=content, box=box, make=invite)
    return _sent(answered.texts, answered.answer_id)


async def show_sent(engine: AsyncEngine, *, signed_in: SignedIn, answer_id: UUID, box: SecretBox) -> Sent:
    """The invitation with its link, once. NotFound: it was shown, or is not this session's."""
    return _sent(await show_answer(engine, signed_in=signed_in, answer_id=answer_id, box=box), answer_id)


def _texts(invitation: Invitation, link: str) -> Mapping[str, str]:
    return {
        "id": str(invitation.invitation_id),
        "email": invitation.email,
        "invited_by": invitation.invited_by,
        "expires_at": invitation.expires_at.isoformat(),
        "link": link,
    }


def _sent(texts: Mapping[str, str], answer_id: UUID) -> Sent:
    invitation = Invitation(
        UUID(texts["id"]), texts["email"], texts["invited_by"], datetime.fromisoformat(texts["expires_at"])
    )
    return Sent(invitation, texts["link"], answer_id)


async def withdraw_invitation(engine: AsyncEngine, *, actor: str, invitation_id: UUID) -> None:
    """Its link leads nowhere any more. NotFound: it was taken or withdrawn already."""
    async with engine.begin() as tx:
        email = await invitations.withdraw(tx, invitation_id)
        if email is None:
            raise NotFound("There is no such invitation. It may have been taken already: reload the page.")
        await append_action(tx, actor=actor, action="withdraw_invitation", subject=email)
