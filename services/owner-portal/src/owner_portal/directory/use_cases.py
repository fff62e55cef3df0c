"""Maintains the copies of companies and subscriptions: rows and cursor in one transaction."""

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
    """Returns the changed companies; the next page is after `revision`."""
    async with engine.begin() as tx:
        changed = await changes.save_companies(tx, companies)
        await sources.confirm(tx, Source.COMPANIES, revision=revision)
    return changed


async def keep_company(engine: AsyncEngine, *, company: Company) -> set[UUID]:
    """Stores the response to an owner action immediately; the cursor is not moved."""
    async with engine.begin() as tx:
        return await changes.save_companies(tx, [company])


async def keep_subscription(engine: AsyncEngine, *, subscription: Subscription) -> set[UUID]:
    """The same for billing's response to an owner action."""
    async with engine.begin() as tx:
        return await changes.save_subscriptions(tx, [subscription])


async def keep_subscriptions(engine: AsyncEngine, *, subscriptions: Sequence[Subscription], revision: int) -> set[UUID]:
    """Returns the companies whose subscription changed; the next page is after `revision`."""
    async with engine.begin() as tx:
        changed = await changes.save_subscriptions(tx, subscriptions)
        await sources.confirm(tx, Source.SUBSCRIPTIONS, revision=revision)
    return changed


async def keep_sync_times(engine: AsyncEngine, *, times: Sequence[SyncTime], as_of: datetime) -> set[UUID]:
    """Returns the companies with a newer sync time; the next request starts at `as_of`."""
    async with engine.begin() as tx:
        changed = await changes.save_sync_times(tx, times)
        await sources.confirm(tx, Source.SYNC_TIMES, moment=as_of)
    return changed


async def drop_companies(engine: AsyncEngine) -> None:
    """Drops the copy of tenancy's companies to reload it, after tenancy was restored to an earlier state."""
    async with engine.begin() as tx:
        await changes.forget_companies(tx)
        await sources.restart(tx, Source.COMPANIES)


async def drop_subscriptions(engine: AsyncEngine) -> None:
    """The same for billing."""
    async with engine.begin() as tx:
        await changes.forget_subscriptions(tx)
        await sources.restart(tx, Source.SUBSCRIPTIONS)


async def revision_of(engine: AsyncEngine, source: Source) -> int:
    """The revision after which the next page of this source starts."""
    async with engine.begin() as tx:
        return await sources.read_revision(tx, source)


async def moment_of(engine: AsyncEngine, source: Source) -> datetime | None:
    """The moment at which the next request of this source starts; None: from the beginning."""
    async with engine.begin() as tx:
        return await sources.read_moment(tx, source)


async def end_periods(engine: AsyncEngine) -> set[UUID]:
    """Updates subscriptions whose period has ended, also while billing does not respond; returns their companies."""
    async with engine.begin() as tx:
        return await changes.expire(tx)


async def find_company(engine: AsyncEngine, *, company_id: UUID) -> CompanyPage:
    """NotFound: there is no such company."""
    async with engine.begin() as tx:
        return await find(tx, company_id)


async def find(tx: AsyncConnection, company_id: UUID) -> CompanyPage:
    """The same in an open transaction."""
    company = await companies.find_company(tx, company_id)
    if company is None:
        raise NotFound("There is no such company. If it was just created, reload the page.")
    return company
