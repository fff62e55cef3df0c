"""Creates an owner's account, or sets the password of one that exists."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.domain import owners as rules
from owner_portal.store import owners
from servicekit.errors import InvalidInput
from servicekit.ids import new_id
from servicekit.passwords import hash_password


async def create_owner(engine: AsyncEngine, *, email: str, password: str) -> None:
    """May be repeated; ends all sessions of the account. InvalidInput: no e-mail, or the password is too short."""
    email = rules.normal_email(email)
    if "@" not in email or len(email) > rules.LONGEST_EMAIL:
        raise InvalidInput("the e-mail must look like owner@example.com")
    if not rules.SHORTEST_PASSWORD <= len(password) <= rules.LONGEST_PASSWORD:
        raise InvalidInput(f"the password must have {rules.SHORTEST_PASSWORD} to {rules.LONGEST_PASSWORD} characters")
    password_hash = await hash_password(password)
    async with engine.begin() as tx:
        owner_id = await owners.save_owner(tx, new_id=new_id(), email=email, password_hash=password_hash)
        await owners.close_sessions_of(tx, owner_id)
