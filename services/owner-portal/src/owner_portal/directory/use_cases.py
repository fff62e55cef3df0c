"""Keeps what tenancy and billing told: the rows and the cursor they came with in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from owner_portal.directory.rules import Company, CompanyPage, Subscription, SyncTime
from owner_portal.directory.store import changes, companies
from owner_portal.freshness.rules import Source
from owner_portal.freshness.store import sources
from servicekit.errors import NotFound


async def keep_companies(engine: AsyncEngine, *, companies: Sequence[Company], revision: int) -> set[UUID]:
    """Returns the companies that changed; asks continue after `revision`."""
    async with engine.begin() as tx:
        changed = await changes.save_companies(tx, companies)
        await sources.confirm(tx, Source.COMPANIES, revision=revision)
    return changed


async def keep_company(engine: AsyncEngine, *, company: Company) -> set[UUID]:
    """Keeps the answer to the owner's own action at once; the cursor stays, its turn in the list comes."""
    async with engine.begin() as tx:
        return await changes.save_companies(tx, [company])


async def keep_subscription(engine: AsyncEngine, *, subscription: Subscription) -> set[UUID]:
    """The same for billing's answer to the owner's own action."""
    async with engine.begin() as tx:
        return await changes.save_subscriptions(tx, [subscription])


async def keep_subscriptions(engine: AsyncEngine, *, subscriptions: Sequence[Subscription], revision: int) -> set[UUID]:
    """Returns the companies whose subscription changed; asks continue after `revision`."""
    async with engine.begin() as tx:
        changed = await changes.save_subscriptions(tx, subscriptions)
        await sources.confirm(tx, Source.SUBSCRIPTIONS, revision=revision)
    return changed


async def keep_sync_times(engine: AsyncEngine, *, times: Sequence[SyncTime], as_of: datetime) -> set[UUID]:
    """Returns the companies with a newer sign of life; asks continue at `as_of`."""
    async with engine.begin() as tx:
        changed = await changes.save_sync_times(tx, times)
        await sources.confirm(tx, Source.SYNC_TIMES, moment=as_of)
    return changed


async def drop_companies(engine: AsyncEngine) -> None:
    """Forgets what tenancy told, to be told anew: it was restored to a state that this copy does not fit."""
    async with engine.begin() as tx:
        await changes.forget_companies(tx)
        await sources.restart(tx, Source.COMPANIES)


async def drop_subscriptions(engine: AsyncEngine) -> None:
    """The same for billing."""
    async with engine.begin() as tx:
        await changes.forget_subscriptions(tx)
        await sources.restart(tx, Source.SUBSCRIPTIONS)


async def revision_of(engine: AsyncEngine, source: Source) -> int:
    """The revision after which to ask this source."""
    async with engine.begin() as tx:
        return await sources.read_revision(tx, source)


async def moment_of(engine: AsyncEngine, source: Source) -> datetime | None:
    """The moment since which to ask this source; None: from the beginning."""
    async with engine.begin() as tx:
        return await sources.read_moment(tx, source)


async def end_periods(engine: AsyncEngine) -> set[UUID]:
    """Billing tells of it too, unless it is away; returns the companies whose status is another one now."""
    async with engine.begin() as tx:
        return await changes.expire(tx)


async def find_company(engine: AsyncEngine, *, company_id: UUID) -> CompanyPage:
    """NotFound: tenancy has told of no such company."""
    async with engine.begin() as tx:
        return await find(tx, company_id)


async def find(tx: AsyncConnection, company_id: UUID) -> CompanyPage:
    """The same in a transaction that is open."""
    company = await companies.find_company(tx, company_id)
    if company is None:
        raise NotFound("There is no company with this address. It may be a moment too new: reload the page.")
    return company
