"""Invitations: sent, shown once, accepted, withdrawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.passwords import hash_password
from credentials.tokens import new_token, token_digest
from mailer.queue import queue_mail
from owner_portal.access.rules import SignedIn
from owner_portal.audit.use_cases.own_trail import append_action
from owner_portal.owners.rules import accounts as rules
from owner_portal.owners.rules.accounts import Caller, Invitation
from owner_portal.owners.store import accounts, invitations, known_browsers
from owner_portal.owners.store.attempts import ATTEMPTS
from owner_portal.owners.use_cases.passwords import check_new_password
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.owners.use_cases.shown_once import answer_once, show_answer
from owner_portal.owners.use_cases.sign_in import know_browser, open_session
from owner_portal.owners.use_cases.throttle import account_subject
from servicekit.errors import Conflict, NotFound
from servicekit.ids import new_id
from text_rules.isolation import isolated

SUBJECT = "Invitation to the Tenantry owner portal"

BODY = """{inviter} has invited you to the Tenantry owner portal.

Choose your password here:
{link}

The link can be used once, until {until:%d %B %Y, %H:%M} UTC. If you did not expect this invitation, ignore this e-mail.
"""

GONE = "This invitation has expired or was already used. Ask for a new one."


@dataclass(frozen=True, slots=True)
class SentInvitation:
    """An invitation and the only copy of its link."""

    invitation: Invitation
    link: str = field(repr=False)
    answer_id: UUID  # of the page that shows it once


async def invite_owner(
    engine: AsyncEngine, *, signed_in: SignedIn, email: str, public_url: str, key: str, box: SecretBox
) -> SentInvitation:
    """Queues the e-mail with the link, once per `key`. An earlier invitation of the same e-mail ends.

    InvalidInput: no e-mail. Conflict: this is an owner already, or as of `answer_once`. Somebody who was deactivated
    may be invited again.
    """
    address = rules.address_of(email)
    actor, token = signed_in.email, new_token()
    link = f"{public_url.rstrip('/')}/owner/invitation/#{token}"

    async def invite(tx: AsyncConnection) -> Mapping[str, str]:
        if await accounts.find_owner(tx, address.key) is not None:
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


async def show_sent(engine: AsyncEngine, *, signed_in: SignedIn, answer_id: UUID, box: SecretBox) -> SentInvitation:
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


def _sent(texts: Mapping[str, str], answer_id: UUID) -> SentInvitation:
    invitation = Invitation(
        UUID(texts["id"]), texts["email"], texts["invited_by"], datetime.fromisoformat(texts["expires_at"])
    )
    return SentInvitation(invitation, texts["link"], answer_id)


async def withdraw_invitation(engine: AsyncEngine, *, actor: str, invitation_id: UUID) -> None:
    """Invalidates its link. NotFound: it was already accepted or withdrawn."""
    async with engine.begin() as tx:
        email = await invitations.withdraw(tx, invitation_id)
        if email is None:
            raise NotFound("There is no such invitation. It may already have been accepted: reload the page.")
        await append_action(tx, actor=actor, action="withdraw_invitation", subject=email)


async def read_invitation(engine: AsyncEngine, *, token: str) -> Invitation:
    """NotFound: it has expired, was used or withdrawn, or never existed."""
    async with engine.begin() as tx:
        invitation = await invitations.find(tx, token_digest(token))
    if invitation is None:
        raise NotFound(GONE)
    return invitation


async def accept_invitation(engine: AsyncEngine, *, token: str, password: str, caller: Caller) -> str:
    """The token of the new owner's first session. Earlier failed sign-ins at the account are cleared.

    InvalidInput: the password is too short. NotFound: as above."""
    invitation = await read_invitation(engine, token=token)  # before the expensive hash: links may be guessed
    check_new_password(password, invitation.email)
    password_hash = await hash_password(password)
    async with engine.begin() as tx:
        address = await invitations.take(tx, token_digest(token))
        # The operator may have created the account in the meantime, with its own password and second factor.
        if address is None or await accounts.find_owner(tx, address.key) is not None:
            raise NotFound(GONE)
        await ATTEMPTS.lift(tx, account_subject(address.text))
        owner_id = await accounts.save_owner(tx, new_id=new_id(), address=address, password_hash=password_hash)
        await known_browsers.forget(tx, owner_id)
        await know_browser(tx, owner_id, address.text, caller)
        session = await open_session(tx, owner_id=owner_id, caller=caller)
        await append_action(
            tx,
            actor=address.text,
            action="accept_invitation",
            subject=address.text,
            facts={"address": caller.address, "device": caller.device},
        )
    return session
