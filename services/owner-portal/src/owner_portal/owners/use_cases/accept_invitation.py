"""Somebody who was invited chooses a password and is an owner from then on."""

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.passwords import hash_password
from credentials.tokens import token_digest
from owner_portal.audit.use_cases.record_action import append_action
from owner_portal.owners.rules.accounts import Caller, Invitation
from owner_portal.owners.store import accounts as owners
from owner_portal.owners.store import attempts, invitations, known_browsers
from owner_portal.owners.use_cases.new_password import check_new_password
from owner_portal.owners.use_cases.open_session import know_browser, open_session
from owner_portal.owners.use_cases.throttle import account_subject
from servicekit.errors import NotFound
from servicekit.ids import new_id

GONE = "This invitation is over or was used already. Ask for a new one."


async def read_invitation(engine: AsyncEngine, *, token: str) -> Invitation:
    """NotFound: it is over, used or withdrawn, or never was."""
    async with engine.begin() as tx:
        invitation = await invitations.find(tx, token_digest(token))
    if invitation is None:
        raise NotFound(GONE)
    return invitation


async def accept_invitation(engine: AsyncEngine, *, token: str, password: str, caller: Caller) -> str:
    """The token of the new owner's first session. What strangers guessed at the account is forgiven.

    InvalidInput: the password is too short. NotFound: as above."""
    invitation = await read_invitation(engine, token=token)  # hashing is expensive: not for whoever guesses links
    check_new_password(password, invitation.email)
    password_hash = await hash_password(password)
    async with engine.begin() as tx:
        address = await invitations.take(tx, token_digest(token))
        # An account that the operator has opened meanwhile has a password and perhaps a second factor of its own.
        if address is None or await owners.find_owner(tx, address.key) is not None:
            raise NotFound(GONE)
        await attempts.lift(tx, account_subject(address.text))
        owner_id = await owners.save_owner(tx, new_id=new_id(), address=address, password_hash=password_hash)
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
