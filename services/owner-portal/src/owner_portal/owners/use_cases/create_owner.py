"""The operator lets an owner in: a new account, or a new password for one that exists."""

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.passwords import hash_password
from owner_portal.audit.use_cases.record_action import append_action
from owner_portal.owners.rules import accounts as rules
from owner_portal.owners.store import accounts as owners
from owner_portal.owners.store import attempts, known_browsers, second_factors, sessions
from owner_portal.owners.use_cases.new_password import check_new_password
from owner_portal.owners.use_cases.throttle import account_subject
from servicekit.ids import new_id

OPERATOR = "operator"


async def create_owner(
    engine: AsyncEngine, *, email: str, password: str, if_missing: bool = False, reset_second_factor: bool = False
) -> bool:
    """May be repeated; ends all sessions of the account and its deactivation, and no browser is known to it any more.

    `if_missing`: an active account is left as it is, and False is returned. `reset_second_factor`: for somebody who
    has lost the device and the recovery codes. InvalidInput: no e-mail, or the password is too short.
    """
    address = rules.address_of(email)
    check_new_password(password, address.text)
    password_hash = await hash_password(password)
    async with engine.begin() as tx:
        if if_missing and await owners.find_owner(tx, address.key) is not None:
            return False
        await attempts.lift(tx, account_subject(address.text))
        owner_id = await owners.save_owner(tx, new_id=new_id(), address=address, password_hash=password_hash)
        await sessions.close_all(tx, owner_id)
        await known_browsers.forget(tx, owner_id)
        if reset_second_factor:
            await second_factors.remove(tx, owner_id)
        facts = {"second_factor": "removed"} if reset_second_factor else {}
        await append_action(tx, actor=OPERATOR, action="create_owner", subject=address.text, facts=facts)
    return True
