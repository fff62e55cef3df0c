"""Keeps what tenancy and billing told: the rows and the cursor they came with in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.directory.rules.companies import Company, Subscription, SyncTime
from owner_portal.directory.store import changes as directory
from owner_portal.freshness.rules.sources import Source
from owner_portal.freshness.store import sources


async def keep_companies(engine: AsyncEngine, *, companies: Sequence[Company], revision: int) -> set[UUID]:
    """Returns the companies that changed; asks continue after `revision`."""
    async with engine.begin() as tx:
        changed = await directory.save_companies(tx, companies)
        await sources.confirm(tx, Source.COMPANIES, revision=revision)
    return changed


async def keep_company(engine: AsyncEngine, *, company: Company) -> set[UUID]:
    """Keeps the answer to the owner's own action at once; the cursor stays, its turn in the list comes."""
    async with engine.begin() as tx:
        return await directory.save_companies(tx, [company])


async def keep_subscription(engine: AsyncEngine, *, subscription: Subscription) -> set[UUID]:
    """The same for billing's answer to the owner's own action."""
    async with engine.begin() as tx:
        return await directory.save_subscriptions(tx, [subscription])


async def keep_subscriptions(engine: AsyncEngine, *, subscriptions: Sequence[Subscription], revision: int) -> set[UUID]:
    """Returns the companies whose subscription changed; asks continue after `revision`."""
    async with engine.begin() as tx:
        changed = await directory.save_subscriptions(tx, subscriptions)
        await sources.confirm(tx, Source.SUBSCRIPTIONS, revision=revision)
    return changed


async def keep_sync_times(engine: AsyncEngine, *, times: Sequence[SyncTime], as_of: datetime) -> set[UUID]:
    """Returns the companies with a newer sign of life; asks continue at `as_of`."""
    async with engine.begin() as tx:
        changed = await directory.save_sync_times(tx, times)
        await sources.confirm(tx, Source.SYNC_TIMES, moment=as_of)
    return changed


async def drop_companies(engine: AsyncEngine) -> None:
    """Forgets what tenancy told, to be told anew: it was restored to a state that this copy does not fit."""
    async with engine.begin() as tx:
        await directory.forget_companies(tx)
        await sources.restart(tx, Source.COMPANIES)


async def drop_subscriptions(engine: AsyncEngine) -> None:
    """The same for billing."""
    async with engine.begin() as tx:
        await directory.forget_subscriptions(tx)
        await sources.restart(tx, Source.SUBSCRIPTIONS)


async def revision_of(engine: AsyncEngine, source: Source) -> int:
    """The revision after which to ask this source."""
    async with engine.begin() as tx:
        return await sources.read_revision(tx, source)


async def moment_of(engine: AsyncEngine, source: Source) -> datetime | None:
    """The moment since which to ask this source; None: from the beginning."""
    async with engine.begin() as tx:
        return await sources.read_moment(tx, source)


async def confirm_usage(engine: AsyncEngine) -> None:
    """Says that the feed answers."""
    async with engine.begin() as tx:
        await sources.confirm(tx, Source.USAGE)
