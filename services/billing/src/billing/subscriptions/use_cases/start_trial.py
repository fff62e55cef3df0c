"""A new company gets its first subscription."""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.rules.action import COMPANY_CREATED
from billing.db.store import clock
from billing.plans.rules.plan import cheapest_first
from billing.plans.store import plans
from billing.subscriptions.rules import lifecycle
from billing.subscriptions.store import closings, subscriptions
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.recording import record

log = structlog.get_logger()


async def start_trial(engine: AsyncEngine, encode: Encode, *, company_id: UUID, plan_code: str, now: datetime) -> None:
    """Starts a trial of the plan's newest version. Does nothing when the company has a subscription, or was closed.

    An unknown plan code gives the cheapest plan: a company must never be left without a subscription.
    """
    async with engine.begin() as tx:
        await clock.lock(tx)
        if await subscriptions.current(tx, company_id) is not None:
            return
        if await closings.closed_at(tx, company_id) is not None:
            return
        offers = cheapest_first(await plans.on_offer(tx))
        plan = next((plan for plan in offers if plan.code == plan_code), None)
        if plan is None:
            plan = offers[0]
            log.warning("unknown plan, cheapest taken", company_id=str(company_id), asked=plan_code, taken=plan.code)
        trial = lifecycle.start_trial(company_id, plan, now)
        await record(tx, encode, [(None, trial)], action=COMPANY_CREATED, now=now)
