"""Rules for new passwords, and the change of a password by its owner."""

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials import preparation
from credentials.passwords import hash_password, verify_password
from owner_portal.access.rules import SignedIn
from owner_portal.audit.use_cases.own_trail import append_action
from owner_portal.owners.rules.accounts import MAX_TYPED_PASSWORD, Caller
from owner_portal.owners.store import accounts, known_browsers, sessions
from owner_portal.owners.use_cases.sign_in import know_browser, open_session
from owner_portal.owners.use_cases.throttle import admit_proof, succeed
from servicekit.errors import InvalidInput

WRONG_PASSWORD = "The current password is wrong."  # noqa: S105 - a message


def check_new_password(password: str, email: str) -> None:
    """InvalidInput: it is too short, too long or too easy to guess."""
    try:
        preparation.check_new_password(password, [email, "tenantry", "owner"])
    except preparation.UnfitPassword as unfit:
        raise InvalidInput(str(unfit)) from None


async def change_password(engine: AsyncEngine, *, signed_in: SignedIn, present: str, new: str, caller: Caller) -> str:
    """Changes the password and ends all sessions; returns the token of a new session.

    Only this browser remains known.

    InvalidInput: the current password is wrong, or the new one is too short or the same. RateLimited.
    """
    check_new_password(new, signed_in.email)
    if new == present:
        raise InvalidInput("The new password is the same as the current one. Choose another.")
    admitted = await admit_proof(engine, signed_in.email, signed_in.session_id)
    async with engine.begin() as tx:
        owner = await accounts.read_owner(tx, signed_in.owner_id)
    if owner is None or not await verify_password(owner.password_hash, present[: MAX_TYPED_PASSWORD + 1]):
        raise InvalidInput(WRONG_PASSWORD)
    password_hash = await hash_password(new)
    async with engine.begin() as tx:
        await succeed(tx, admitted)
        owner = await accounts.hold(tx, owner)
        if owner is None:
            raise InvalidInput(WRONG_PASSWORD)
        # With a second factor, the password alone is no step-up authentication.
        proved_at = signed_in.proved_at if owner.has_second_factor else None
        await accounts.set_password(tx, signed_in.owner_id, password_hash)
        await known_browsers.forget(tx, signed_in.owner_id)
        await know_browser(tx, signed_in.owner_id, signed_in.email, caller)
        ended = await sessions.close_all(tx, signed_in.owner_id)
        token = await open_session(tx, owner_id=signed_in.owner_id, caller=caller, proved_at=proved_at)
        await append_action(
            tx,
            actor=signed_in.email,
            action="change_password",
            subject=signed_in.email,
            facts={"sessions_ended": str(ended)},
        )
    return token
