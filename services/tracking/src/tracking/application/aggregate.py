"""The aggregator's loop: finds companies that have something to fold and folds each in its own transaction."""

import asyncio
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.telemetry import span
from tracking.application.fold_company import Encode, fold_company
from tracking.store import fold_queue

log = structlog.get_logger()

AT_ONCE = 4


async def fold_waiting(engine: AsyncEngine, dispatch: AsyncEngine, encode: Encode) -> bool:
    """Gives each waiting company one turn; says whether any has more than a turn's worth to fold.

    One company's failure holds up no other. Claims that come in before the next pass are cheaper folded together.
    """
    async with dispatch.begin() as tx:
        waiting = await fold_queue.companies_waiting(tx)
    turns = asyncio.Semaphore(AT_ONCE)

    async def fold(company_id: UUID) -> bool:
        async with turns:
            try:
                with span("fold company"):
                    return await fold_company(engine, company_id, encode)
            except Exception as error:
                log.error("company not folded", company_id=str(company_id), error=repr(error))
                return False

    return any(await asyncio.gather(*(fold(company_id) for company_id in waiting)))
