"""Who may sign in, and who is invited to."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.owners.rules.accounts import Account, Invitation
from owner_portal.owners.store import accounts as owners
from owner_portal.owners.store import invitations


async def list_owners(engine: AsyncEngine) -> tuple[Sequence[Account], Sequence[Invitation]]:
    """All accounts, deactivated ones last, and the invitations that can still be taken."""
    async with engine.begin() as tx:
        return await owners.list_accounts(tx), await invitations.list_open(tx)
