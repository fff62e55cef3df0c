"""Moves a company to another time zone: all of its days, past ones included, begin at another midnight."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tracking.company.store import companies
from tracking.db.store.scope import company_scope

log = structlog.get_logger()

Recount = Callable[[AsyncConnection, UUID], Awaitable[int]]
"""Recomputes a company's days in the same transaction and publishes them; returns how many have changed."""


class TimeZones:
    """Follows the time zones of all companies in tenancy, with one transaction for each company."""

    def __init__(self, engine: AsyncEngine, dispatch: AsyncEngine, recount: Recount) -> None:
        self._engine = engine
        self._dispatch = dispatch
        self._recount = recount
        self._followed = -1

    async def follow(self, revision: int, wanted: Callable[[], Mapping[UUID, str]]) -> bool:
        """Brings companies to the `wanted` time zones of that `revision`; a failure of one does not stop the others.

        Returns False: a second pass would find nothing more to do.
        """
        if revision == self._followed:
            return False
        async with self._dispatch.begin() as tx:
            known = await companies.time_zones(tx)
        failed = False
        zones = wanted()
        for company_id in known.keys() & zones.keys():
            if known[company_id] != zones[company_id]:
                try:
                    await change_time_zone(self._engine, company_id, zones[company_id], self._recount)
                except Exception as error:
                    log.error("time zone not changed", company_id=str(company_id), error=repr(error))
                    failed = True
        self._followed = self._followed if failed else revision
        return False


async def change_time_zone(engine: AsyncEngine, company_id: UUID, time_zone: str, recount: Recount) -> bool:
    """Recomputes all days and publishes every month that changes; False if the company is in that time zone already.

    The time zone decides only which day a second belongs to. No raw row is read, and the hours of devices stay as they
    are.
    """
    async with company_scope(engine, company_id) as tx:
        await companies.lock(tx)
        old = await companies.get(tx)
        if old is None or old.time_zone == time_zone:
            return False
        await companies.set_time_zone(tx, time_zone)
        days = await recount(tx, company_id)
    log.info("time zone changed", company_id=str(company_id), days=days)
    return True
