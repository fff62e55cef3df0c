"""The first half of signing in: the password. Whoever has a second factor still has to show a code."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.hashing import Crowded
from credentials.passwords import hash_password, is_current, verify_password
from credentials.tokens import new_token, token_digest
from owner_portal.owners.rules import accounts as rules
from owner_portal.owners.rules.accounts import Caller
from owner_portal.owners.store import accounts as owners
from owner_portal.owners.store import sessions
from owner_portal.owners.use_cases.open_session import let_in
from owner_portal.owners.use_cases.throttle import admit_sign_in, lobby, succeed, take_back
from servicekit.errors import NotAuthenticated

WRONG = "E-mail or password is wrong."


@dataclass(frozen=True, slots=True)
class SignedInBy:
    """The token of a new session; or, without one, the token to show together with the code."""

    session: str = field(default="", repr=False)
    challenge: str = field(default="", repr=False)


async def sign_in(engine: AsyncEngine, *, email: str, password: str, caller: Caller) -> SignedInBy:
    """NotAuthenticated: wrong e-mail or password, which of them is not told. RateLimited. Unavailable: a crowd."""
    unfit = not email.strip() or len(email) > rules.LONGEST_EMAIL or len(password) > rules.MAX_TYPED_PASSWORD
    if unfit or not is_storable(email):
        raise NotAuthenticated(WRONG)
    admitted = await admit_sign_in(engine, email, caller)
    owner = admitted.owner
    better = None
    try:
        correct = await verify_password(owner.password_hash if owner else None, password, admitted.turn)
        if owner is None or not correct:
            lobby.failed(admitted.turn.address)
            raise NotAuthenticated(WRONG)
        if not is_current(owner.password_hash):
            better = await hash_password(password, turn=admitted.turn)
    except Crowded as crowded:
        raise await take_back(engine, admitted, crowded.retry_after) from None
    except ValueError:  # a password of before that cannot be prepared: it stays as it was typed
        better = None
    assert owner is not None  # noqa: S101 - else it was not correct
    async with engine.begin() as tx:
        await succeed(tx, admitted)
        owner = await owners.hold(tx, owner)
        if owner is None:  # the password was right a moment ago
            raise NotAuthenticated(WRONG)
        if better is not None:
            await owners.set_password(tx, owner.owner_id, better)
        if owner.has_second_factor:
            challenge = new_token()
            await sessions.add_challenge(tx, digest=token_digest(challenge), owner_id=owner.owner_id)
            return SignedInBy(challenge=challenge)
        return SignedInBy(session=await let_in(tx, owner=owner, caller=caller, by="password"))


def is_storable(email: str) -> bool:
    """Whether it can be looked for: no half characters, no NUL."""
    return "\0" not in email and email.encode("utf-8", "ignore").decode() == email
