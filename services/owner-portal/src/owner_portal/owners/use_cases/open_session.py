"""Lets an owner in; the last part of every use case that has found out who it is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from credentials.tokens import new_token, token_digest
from owner_portal.audit.use_cases.record_action import append_action
from owner_portal.owners.rules.accounts import Caller, Owner
from owner_portal.owners.store import known_browsers, sessions
from owner_portal.owners.use_cases.throttle import account_subject, lobby
from servicekit.ids import new_id


async def open_session(
    tx: AsyncConnection, *, owner_id: UUID, caller: Caller, proved_at: datetime | None = None
) -> str:
    """The token of a new session; sign-ins of this owner that still waited for a code are over.

    `proved_at`: when its owner showed who it is; None: just now.
    """
    token = new_token()
    await sessions.remove_challenges(tx, owner_id)
    await sessions.open_session(
        tx,
        digest=token_digest(token),
        owner_id=owner_id,
        session_id=new_id(),
        caller=caller,
        proved_at=proved_at,
    )
    return token


async def let_in(tx: AsyncConnection, *, owner: Owner, caller: Caller, by: str) -> str:
    """The token of a new session of an owner who has signed in `by` what the audit trail is to say."""
    token = await open_session(tx, owner_id=owner.owner_id, caller=caller)
    await know_browser(tx, owner.owner_id, owner.email, caller)
    await append_action(
        tx,
        actor=owner.email,
        action="sign_in",
        subject=owner.email,
        facts={"address": caller.address, "device": caller.device, "by": by},
    )
    return token


async def know_browser(tx: AsyncConnection, owner_id: UUID, email: str, caller: Caller) -> None:
    """The account was opened with this browser, if it has a token to be known by."""
    if caller.browser:
        await known_browsers.remember(tx, owner_id, caller.browser)
        lobby.succeeded(caller.browser, account_subject(email))
