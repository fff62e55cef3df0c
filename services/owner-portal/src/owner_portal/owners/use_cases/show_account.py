"""What an owner sees of the own account."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.owners.rules.accounts import SESSION_IDLE, SESSION_LONGEST, Session
from owner_portal.owners.store import second_factors, sessions


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """`recovery_codes`: how many are left."""

    sessions: Sequence[Session]
    recovery_codes: int


async def show_account(engine: AsyncEngine, *, owner_id: UUID) -> OwnAccount:
    """The live sessions and what is left of the recovery codes."""
    async with engine.begin() as tx:
        return OwnAccount(
            sessions=await sessions.list_sessions(tx, owner_id, idle=SESSION_IDLE, longest=SESSION_LONGEST),
            recovery_codes=await second_factors.count_codes(tx, owner_id),
        )
