"""Accounts of owners: created by the operator, listed, shown to their owner, deactivated."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.passwords import hash_password
from owner_portal.audit.use_cases.own_trail import append_action
from owner_portal.owners.rules import accounts as rules
from owner_portal.owners.rules.accounts import MAX_SESSION_AGE, SESSION_IDLE, Account, Invitation, Session
from owner_portal.owners.store import accounts, invitations, known_browsers, second_factors, sessions
from owner_portal.owners.store.attempts import ATTEMPTS
from owner_portal.owners.use_cases.passwords import check_new_password
from owner_portal.owners.use_cases.throttle import account_subject
from servicekit.errors import NotFound, Refused
from servicekit.ids import new_id

OPERATOR = "operator"


async def create_owner(
    engine: AsyncEngine, *, email: str, password: str, if_missing: bool = False, reset_second_factor: bool = False
) -> bool:
    """May be repeated; ends all sessions and the deactivation of the account, and forgets its known browsers.

    `if_missing`: an active account is not changed, and False is returned. `reset_second_factor`: for an owner who has
    lost the device and the recovery codes. InvalidInput: an invalid e-mail, or the password is too short.
    """
    address = rules.address_of(email)
    check_new_password(password, address.text)
    password_hash = await hash_password(password)
    async with engine.begin() as tx:
        if if_missing and await accounts.find_owner(tx, address.key) is not None:
            return False
        await ATTEMPTS.lift(tx, account_subject(address.text))
        owner_id = await accounts.save_owner(tx, new_id=new_id(), address=address, password_hash=password_hash)
        await sessions.close_all(tx, owner_id)
        await known_browsers.forget(tx, owner_id)
        if reset_second_factor:
            await second_factors.remove(tx, owner_id)
        facts = {"second_factor": "removed"} if reset_second_factor else {}
        await append_action(tx, actor=OPERATOR, action="create_owner", subject=address.text, facts=facts)
    return True


async def deactivate_owner(engine: AsyncEngine, *, actor: str, owner_id: UUID, reason: str) -> None:
    """Ends the sessions and sent invitations, and removes the second factor and the known browsers.

    NotFound: no active owner. Refused: it is the last one.
    """
    async with engine.begin() as tx:
        active = await accounts.lock_active(tx)
        if owner_id not in active:
            raise NotFound("There is no such owner. The account may already be deactivated: reload the page.")
        if len(active) == 1:
            raise Refused("This is the last owner. Invite another owner first, so that somebody can still sign in.")
        await accounts.deactivate(tx, owner_id)
        await sessions.close_all(tx, owner_id)
        await known_browsers.forget(tx, owner_id)
        await second_factors.remove(tx, owner_id)
        await append_action(
            tx,
            actor=actor,
            action="deactivate_owner",
            subject=active[owner_id],
            reason=reason,
        )
        for email in await invitations.withdraw_of(tx, active[owner_id]):
            await append_action(tx, actor=actor, action="withdraw_invitation", subject=email, reason=reason)


async def list_owners(engine: AsyncEngine) -> tuple[Sequence[Account], Sequence[Invitation]]:
    """All accounts, deactivated ones last, and the open invitations."""
    async with engine.begin() as tx:
        return await accounts.list_accounts(tx), await invitations.list_open(tx)


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """`recovery_codes`: the number of remaining codes."""

    sessions: Sequence[Session]
    recovery_codes: int


async def show_account(engine: AsyncEngine, *, owner_id: UUID) -> OwnAccount:
    """The active sessions and the number of remaining recovery codes."""
    async with engine.begin() as tx:
        return OwnAccount(
            sessions=await sessions.list_sessions(tx, owner_id, idle=SESSION_IDLE, max_age=MAX_SESSION_AGE),
            recovery_codes=await second_factors.count_codes(tx, owner_id),
        )
