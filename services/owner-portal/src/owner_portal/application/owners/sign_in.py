"""The first half of signing in: the password. Whoever has a second factor still has to show a code."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.passwords import verify_password
from credentials.tokens import new_token, token_digest
from owner_portal.application.owners.open_session import let_in
from owner_portal.application.owners.throttle import admit
from owner_portal.domain import owners as rules
from owner_portal.domain.owners import Caller
from owner_portal.store import attempts, owners, sessions
from servicekit.errors import NotAuthenticated
from text_rules.addresses import email_key

WRONG = "E-mail or password is wrong."


@dataclass(frozen=True, slots=True)
class SignedInBy:
    """The token of a new session; or, without one, the token to show together with the code."""

    session: str = field(default="", repr=False)
    challenge: str = field(default="", repr=False)


async def sign_in(engine: AsyncEngine, *, email: str, password: str, caller: Caller) -> SignedInBy:
    """NotAuthenticated: wrong e-mail or password, which of them is not told. RateLimited."""
    key = email_key(email)
    if not email.strip() or len(email) > rules.LONGEST_EMAIL or len(password) > rules.LONGEST_PASSWORD or "\0" in email:
        raise NotAuthenticated(WRONG)
    account, origin = f"account {key}", f"address {caller.address}"
    await admit(engine, {account: rules.ATTEMPTS_PER_ACCOUNT, origin: rules.ATTEMPTS_PER_ADDRESS})
    async with engine.begin() as tx:
        owner = await owners.find_owner(tx, key)
    correct = await verify_password(owner.password_hash if owner else None, password)
    if owner is None or not correct:
        raise NotAuthenticated(WRONG)
    async with engine.begin() as tx:
        owner = await owners.hold(tx, owner)
        if owner is None:  # the password was right a moment ago
            raise NotAuthenticated(WRONG)
        await attempts.forget(tx, account)
        await attempts.forgive(tx, origin)
        if owner.has_second_factor:
            challenge = new_token()
            await sessions.add_challenge(tx, digest=token_digest(challenge), owner_id=owner.owner_id)
            return SignedInBy(challenge=challenge)
        return SignedInBy(session=await let_in(tx, owner=owner, caller=caller, by="password"))
