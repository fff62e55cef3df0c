"""An owner goes back to the password alone."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.audit.use_cases.record_action import append_action
from owner_portal.owners.rules.accounts import SignedIn
from owner_portal.owners.store import second_factors
from servicekit.errors import Refused


async def remove_second_factor(engine: AsyncEngine, *, signed_in: SignedIn, required: bool) -> None:
    """Refused: there is none, or the portal demands one of every owner."""
    if not signed_in.has_second_factor:
        raise Refused("Your account has no second factor.")
    if required:
        raise Refused("Every owner needs a second factor here: it cannot be removed.")
    async with engine.begin() as tx:
        await second_factors.remove(tx, signed_in.owner_id)
        await append_action(tx, actor=signed_in.email, action="remove_second_factor", subject=signed_in.email)
