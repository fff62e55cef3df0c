"""What changing a company's plan would do, without doing it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.subscriptions.rules.plan_change import Timing
from billing.subscriptions.use_cases.decide_plan_change import Decision, decide_plan_change
from billing.subscriptions.use_cases.standing import find


async def preview_plan_change(
    engine: AsyncEngine, *, company_id: UUID, code: str, version: int, asked: Timing | None, now: datetime
) -> Decision:
    """The decision, shortages included; NotFound and Refused as ChangePlan would."""
    async with engine.begin() as tx:
        current = await find(tx, company_id)
        at = max(now, current.at)
        return await decide_plan_change(tx, current, code=code, version=version, asked=asked, at=at)
