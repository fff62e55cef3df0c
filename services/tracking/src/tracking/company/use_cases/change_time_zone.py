"""A company moves to another time zone: its days begin at another midnight, the past ones too."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tracking.company.store import companies
from tracking.db.store.scope import company_scope

log = structlog.get_logger()

Recount = Callable[[AsyncConnection, UUID], Awaitable[int]]
"""Adds a company's days up again in the same transaction and announces them; returns how many have changed."""


class TimeZones:
    """Follows what tenancy says of all companies, one company's transaction after another."""

    def __init__(self, engine: AsyncEngine, dispatch: AsyncEngine, recount: Recount) -> None:
        self._engine = engine
        self._dispatch = dispatch
        self._recount = recount
        self._followed = -1

    async def follow(self, revision: int, wanted: Callable[[], Mapping[UUID, str]]) -> bool:
        """Brings companies to the time zones of that `revision` of what is `wanted`; one's failure holds up no other.

        Returns False: there is never more to do at once.
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
    """Counts all days anew and announces every month that changes; False when the company is there already.

    Which seconds were worked does not depend on the time zone, only the days they belong to: no raw row is read, and
    what is kept of devices stays as it is.
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
