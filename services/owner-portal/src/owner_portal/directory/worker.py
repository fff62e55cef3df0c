"""Follows the change lists of tenancy and billing: asks every two seconds, continues where the last answer ended."""

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.directory import use_cases
from owner_portal.directory.client import CompanyChanges, SubscriptionChanges
from owner_portal.freshness.rules import Source
from owner_portal.web.live import Live
from servicekit.errors import Refused
from servicekit.lifecycle import forever

log = structlog.get_logger()

PAUSE = 2.0


class DirectoryFeed:
    """Four loops; one that fails does not hold up the others. No transaction is open while a service is asked."""

    def __init__(
        self, engine: AsyncEngine, companies: CompanyChanges, subscriptions: SubscriptionChanges, live: Live
    ) -> None:
        self._engine = engine
        self._companies = companies
        self._subscriptions = subscriptions
        self._live = live

    async def follow_companies(self) -> None:
        """Runs until cancelled."""
        await forever("follow companies", self.companies_step, idle=PAUSE)

    async def follow_subscriptions(self) -> None:
        """Runs until cancelled."""
        await forever("follow subscriptions", self.subscriptions_step, idle=PAUSE)

    async def follow_sync_times(self) -> None:
        """Runs until cancelled."""
        await forever("follow sync times", self.sync_times_step, idle=PAUSE)

    async def follow_periods(self) -> None:
        """Runs until cancelled."""
        await forever("end periods", self.periods_step, idle=PAUSE)

    async def companies_step(self) -> bool:
        """Takes one page; says whether there may be more."""
        after = await use_cases.revision_of(self._engine, Source.COMPANIES)
        try:
            companies, revision = await self._companies.list_changes(after)
        except Refused as error:  # it was restored from a backup and does not know our revision
            log.warning("companies are read anew", reason=error.message)
            await use_cases.drop_companies(self._engine)
            return True
        self._live.mark(await use_cases.keep_companies(self._engine, companies=companies, revision=revision))
        return bool(companies)

    async def subscriptions_step(self) -> bool:
        """Takes one page; says whether there may be more."""
        after = await use_cases.revision_of(self._engine, Source.SUBSCRIPTIONS)
        try:
            subscriptions, revision = await self._subscriptions.list_changes(after)
        except Refused as error:
            log.warning("subscriptions are read anew", reason=error.message)
            await use_cases.drop_subscriptions(self._engine)
            return True
        changed = await use_cases.keep_subscriptions(self._engine, subscriptions=subscriptions, revision=revision)
        self._live.mark(changed)
        return bool(subscriptions)

    async def sync_times_step(self) -> bool:
        """Takes what is new; never says that there is more, an answer holds it all."""
        since = await use_cases.moment_of(self._engine, Source.SYNC_TIMES)
        times, as_of = await self._companies.list_sync_times(since)
        self._live.mark(await use_cases.keep_sync_times(self._engine, times=times, as_of=as_of))
        return False

    async def periods_step(self) -> bool:
        """Marks the subscriptions that have run out; never says that there is more: one step marks them all."""
        self._live.mark(await use_cases.end_periods(self._engine))
        return False
