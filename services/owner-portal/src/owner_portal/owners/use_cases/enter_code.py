"""The second half of signing in: a code of the second factor, or a recovery code."""

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.tokens import token_digest
from owner_portal.owners.rules import accounts as rules
from owner_portal.owners.rules.accounts import Caller
from owner_portal.owners.store import accounts as owners
from owner_portal.owners.store import sessions
from owner_portal.owners.use_cases.open_session import let_in
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.owners.use_cases.take_code import WRONG_CODE, take_code
from owner_portal.owners.use_cases.throttle import admit_code, succeed
from servicekit.errors import NotAuthenticated, Refused

OVER = "That took too long. Sign in again."


async def enter_code(engine: AsyncEngine, *, challenge: str, code: str, caller: Caller, box: SecretBox) -> str:
    """The token of a new session.

    NotAuthenticated: a wrong or used code. Refused: the password has to be shown again first. RateLimited.
    """
    digest = token_digest(challenge)
    async with engine.begin() as tx:
        owner_id = await sessions.find_challenge(tx, digest, time=rules.CHALLENGE_TIME)
        owner = await owners.read_owner(tx, owner_id) if owner_id else None
    if owner is None:
        raise Refused(OVER)
    admitted = await admit_code(engine, owner, caller)
    async with engine.begin() as tx:
        await succeed(tx, admitted)
        if await owners.hold(tx, owner) is None:
            raise Refused(OVER)
        by = await take_code(tx, owner_id=owner.owner_id, code=code, box=box)
        if by is None:
            raise NotAuthenticated(WRONG_CODE)
        return await let_in(tx, owner=owner, caller=caller, by=f"password and {by}")
