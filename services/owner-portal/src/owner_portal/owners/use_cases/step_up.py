"""Step-up authentication before a sensitive action."""

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.passwords import verify_password
from owner_portal.access.rules import SignedIn
from owner_portal.owners.rules.accounts import MAX_TYPED_PASSWORD
from owner_portal.owners.store import accounts, sessions
from owner_portal.owners.use_cases.second_factor import WRONG_CODE, take_code
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.owners.use_cases.throttle import admit_proof, succeed
from servicekit.errors import Forbidden

WRONG_PASSWORD = "Wrong password."  # noqa: S105 - a message


async def step_up(engine: AsyncEngine, *, signed_in: SignedIn, password: str, code: str, box: SecretBox) -> None:
    """Renews the step-up of the session. Forbidden: the password or the code is wrong. RateLimited.

    The code is needed with a second factor only. Attempts are counted separately from those at the sign-in
    form, which anybody can send.
    """
    admitted = await admit_proof(engine, signed_in.email, signed_in.session_id)
    async with engine.begin() as tx:
        owner = await accounts.read_owner(tx, signed_in.owner_id)
    if owner is None or not await verify_password(owner.password_hash, password[: MAX_TYPED_PASSWORD + 1]):
        raise Forbidden(WRONG_PASSWORD)
    async with engine.begin() as tx:
        await succeed(tx, admitted)
        if owner.has_second_factor and not await take_code(tx, owner_id=owner.owner_id, code=code, box=box):
            raise Forbidden(WRONG_CODE)
        await sessions.mark_proved(tx, signed_in.session_id)
