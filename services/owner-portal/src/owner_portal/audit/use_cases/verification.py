"""Verifies the audit trails from their beginnings and stores the verdicts."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd, Verification
from owner_portal.audit.rules.trails import Chain
from owner_portal.audit.rules.verdicts import ChainVerdict, conclude, is_due, known_end
from owner_portal.audit.store import verdicts
from owner_portal.audit.use_cases.own_trail import append_action
from servicekit.errors import Unavailable

Verify = Callable[[ChainEnd | None], Awaitable[Verification]]
"""Verifies one trail; it must contain the recorded entry."""


async def verify_trails(engine: AsyncEngine, *, trails: Mapping[Chain, Verify]) -> Collection[Chain]:
    """Verifies these trails concurrently; returns those whose service did not respond and whose last verdict stays."""
    async with engine.begin() as tx:
        before = await verdicts.list_all(tx)
    # No transaction is open during calls to a service.
    found = await asyncio.gather(*(_verify(chain, verify, before.get(chain)) for chain, verify in trails.items()))
    async with engine.begin() as tx:
        for verdict in found:
            if verdict is not None:
                await verdicts.save(tx, verdict, knew=known_end(before.get(verdict.chain)) is not None)
    return [chain for chain, verdict in zip(trails, found, strict=True) if verdict is None]


async def verify_when_due(engine: AsyncEngine, *, trails: Mapping[Chain, Verify]) -> None:
    """The same for the trails that were not verified for a day."""
    async with engine.begin() as tx:
        before = await verdicts.list_all(tx)
    now = datetime.now(UTC)
    due = {chain: verify for chain, verify in trails.items() if is_due(before, chain, now)}
    if due:
        await verify_trails(engine, trails=due)


async def _verify(chain: Chain, verify: Verify, before: ChainVerdict | None) -> ChainVerdict | None:
    at = datetime.now(UTC)
    try:
        verdict = await verify(known_end(before))
    except Unavailable:
        return None
    return conclude(chain, verdict, before, at)


async def forget_noted(engine: AsyncEngine, *, chain: Chain, actor: str, reason: str) -> None:
    """Discards the recorded entry of a trail; the next verification records its current end."""
    async with engine.begin() as tx:
        await verdicts.forget_noted(tx, chain)
        await append_action(tx, actor=actor, action="forget_noted_entry", subject=chain.label, reason=reason)
