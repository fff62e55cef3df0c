"""The company scope: the transaction setting by which row-level security shows one company's rows, or those of some."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

COMPANIES_AT_ONCE = 256  # companies in one transaction; each row is compared with the whole list

_SET = text("SELECT set_config('app.company_id', :company_id, true)")
_SET_SEVERAL = text("SELECT set_config('app.company_ids', :company_ids, true)")


@asynccontextmanager
async def company_scope(engine: AsyncEngine, company_id: UUID) -> AsyncIterator[AsyncConnection]:
    """Commits at the end and rolls back on any error; the setting ends with the transaction."""
    async with engine.begin() as tx:
        await enter_scope(tx, company_id)
        yield tx


async def enter_scope(tx: AsyncConnection, company_id: UUID) -> None:
    """Switches the transaction to another company. Mails are stored under the id of no company."""
    await tx.execute(_SET, {"company_id": str(company_id)})


def some_at_once(companies: Iterable[int]) -> Iterator[list[UUID]]:
    """The companies with these integers as ids, in groups small enough for one transaction."""
    ids = [UUID(int=company) for company in sorted(companies)]
    return (ids[start : start + COMPANIES_AT_ONCE] for start in range(0, len(ids), COMPANIES_AT_ONCE))


@asynccontextmanager
async def companies_scope(engine: AsyncEngine, company_ids: Iterable[UUID]) -> AsyncIterator[AsyncConnection]:
    """Does the same for several companies; for the fold and heartbeat roles."""
    async with engine.begin() as tx:
        await tx.execute(_SET_SEVERAL, {"company_ids": f"{{{','.join(map(str, company_ids))}}}"})
        yield tx
