"""Follows the change lists of tenancy and billing: polls every two seconds from its cursor."""

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.directory import use_cases
from owner_portal.directory.client import CompanyChanges, SubscriptionChanges
from owner_portal.freshness.rules import Source
from owner_portal.web.live import Live
from servicekit.errors import Refused
from servicekit.lifecycle import repeat

log = structlog.get_logger()

PAUSE = 2.0


class DirectoryFeed:
    """Four independent loops. No transaction is open during calls to a service."""

    def __init__(
        self, engine: AsyncEngine, companies: CompanyChanges, subscriptions: SubscriptionChanges, live: Live
    ) -> None:
        self._engine = engine
        self._companies = companies
        self._subscriptions = subscriptions
        self._live = live

    async def follow_companies(self) -> None:
        """Runs until cancelled."""
        await repeat("follow companies", self.companies_step, idle=PAUSE)

    async def follow_subscriptions(self) -> None:
        """Runs until cancelled."""
        await repeat("follow subscriptions", self.subscriptions_step, idle=PAUSE)

    async def follow_sync_times(self) -> None:
        """Runs until cancelled."""
        await repeat("follow sync times", self.sync_times_step, idle=PAUSE)

    async def follow_periods(self) -> None:
        """Runs until cancelled."""
        await repeat("end periods", self.periods_step, idle=PAUSE)

    async def companies_step(self) -> bool:
        """Applies one page; returns whether there may be more."""
        after = await use_cases.revision_of(self._engine, Source.COMPANIES)
        try:
            companies, revision = await self._companies.list_changes(after)
        except Refused as error:  # restored from a backup, it does not know this revision
            log.warning("reloading all companies", reason=error.message)
            await use_cases.drop_companies(self._engine)
            return True
        self._live.mark(await use_cases.keep_companies(self._engine, companies=companies, revision=revision))
        return bool(companies)

    async def subscriptions_step(self) -> bool:
        """Applies one page; returns whether there may be more."""
        after = await use_cases.revision_of(self._engine, Source.SUBSCRIPTIONS)
        try:
            subscriptions, revision = await self._subscriptions.list_changes(after)
        except Refused as error:
            log.warning("reloading all subscriptions", reason=error.message)
            await use_cases.drop_subscriptions(self._engine)
            return True
        changed = await use_cases.keep_subscriptions(self._engine, subscriptions=subscriptions, revision=revision)
        self._live.mark(changed)
        return bool(subscriptions)

    async def sync_times_step(self) -> bool:
        """Applies all new sync times; a response has no further pages."""
        since = await use_cases.moment_of(self._engine, Source.SYNC_TIMES)
        times, as_of = await self._companies.list_sync_times(since)
        self._live.mark(await use_cases.keep_sync_times(self._engine, times=times, as_of=as_of))
        return False

    async def periods_step(self) -> bool:
        """Updates all subscriptions whose period has ended."""
        self._live.mark(await use_cases.end_periods(self._engine))
        return False
