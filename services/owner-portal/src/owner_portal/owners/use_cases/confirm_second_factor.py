"""The owner shows the first code of the offered secret: from now on signing in asks for one."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.tokens import token_digest
from owner_portal.audit.use_cases.record_action import append_action
from owner_portal.owners.rules.accounts import SignedIn
from owner_portal.owners.rules.recovery_codes import new_recovery_codes, normal_code
from owner_portal.owners.store import accounts as owners
from owner_portal.owners.store import second_factors, sessions
from owner_portal.owners.use_cases.offer_second_factor import offered_second_factor
from owner_portal.owners.use_cases.one_time_codes import step_of
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.owners.use_cases.shown_once import Answered, answer_once
from owner_portal.owners.use_cases.throttle import admit_proof, succeed
from servicekit.errors import InvalidInput, Refused
from servicekit.ids import new_id

WRONG = "That is not the code. Check the clock of your device, and enter the code that the app shows now."


async def confirm_second_factor(engine: AsyncEngine, *, signed_in: SignedIn, code: str, box: SecretBox) -> Answered:
    """Ten recovery codes, of which digests are kept, and the codes themselves sealed until their page was seen.

    The account's other sessions end.

    InvalidInput: a wrong code. Refused. RateLimited.
    """
    offer = await offered_second_factor(engine, signed_in=signed_in, box=box)
    admitted = await admit_proof(engine, signed_in.email, signed_in.session_id)
    step = step_of(offer.secret, normal_code(code))
    if step is None:
        raise InvalidInput(WRONG)

    async def confirm(tx: AsyncConnection) -> Mapping[str, str]:
        await succeed(tx, admitted)
        await owners.lock(tx, signed_in.owner_id)  # whoever signs in now is ended below, or is asked for a code
        if not await second_factors.take_step(tx, owner_id=signed_in.owner_id, step=step):
            raise InvalidInput(WRONG)
        # Sessions that began with the password alone do not outlive it.
        await sessions.close_all(tx, signed_in.owner_id, spared=signed_in.session_id)
        return await _replace_codes(tx, signed_in, "set_up_second_factor")

    return await answer_once(engine, signed_in=signed_in, key=str(new_id()), content={}, box=box, make=confirm)


async def renew_recovery_codes(engine: AsyncEngine, *, signed_in: SignedIn, key: str, box: SecretBox) -> Answered:
    """Ten new ones in place of those that are left, once for each `key`. Refused: there is no second factor."""
    if not signed_in.has_second_factor:
        raise Refused("Set up the second factor first: its recovery codes come with it.")

    async def renew(tx: AsyncConnection) -> Mapping[str, str]:
        return await _replace_codes(tx, signed_in, "renew_recovery_codes")

    content = {"request": "recovery codes"}
    return await answer_once(engine, signed_in=signed_in, key=key, content=content, box=box, make=renew)


async def _replace_codes(tx: AsyncConnection, signed_in: SignedIn, action: str) -> Mapping[str, str]:
    codes = new_recovery_codes()
    digests = [token_digest(normal_code(code)) for code in codes]
    await second_factors.replace_codes(tx, owner_id=signed_in.owner_id, digests=digests)
    await append_action(tx, actor=signed_in.email, action=action, subject=signed_in.email)
    return {"codes": " ".join(codes), "is_new": "yes" if action == "set_up_second_factor" else ""}
