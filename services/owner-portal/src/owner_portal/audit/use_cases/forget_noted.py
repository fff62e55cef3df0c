"""After a trail was restored from a backup: what was noted down of it lies after its end, and no longer counts."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.audit.rules.trails import Chain
from owner_portal.audit.store import verdicts
from owner_portal.audit.use_cases.record_action import append_action


async def forget_noted(engine: AsyncEngine, *, chain: Chain, actor: str, reason: str) -> None:
    """The next time the trail is followed it may lead anywhere, and its end is noted down anew."""
    async with engine.begin() as tx:
        await verdicts.forget_noted(tx, chain)
        await append_action(tx, actor=actor, action="forget_noted_entry", subject=chain.label, reason=reason)
