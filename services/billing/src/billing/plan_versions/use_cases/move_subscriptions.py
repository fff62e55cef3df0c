"""Companies of a plan get another version of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases.once import Request, once
from billing.limits.rules.limits import Shortage, Use, shortages
from billing.limits.store import usage
from billing.money.rules.money import Money
from billing.plans.store import plans
from billing.revenue.rules.revenue import revenue_change
from billing.subscriptions.rules.plan_change import change_plan
from billing.subscriptions.store import subscriptions
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.end_periods import end
from billing.subscriptions.use_cases.recording import Step, record
from servicekit.errors import NotFound

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Moved:
    """What happened to one page of companies; `last` is where the next one begins, None when that was the end."""

    company_ids: Sequence[UUID]
    kept: Sequence[tuple[UUID, Sequence[Shortage]]]
    revenue_change: Money
    last: UUID | None


async def move_subscriptions(
    engine: AsyncEngine,
    encode: Encode,
    *,
    request: Request[Moved],
    plan_code: str,
    to_version: int,
    after: UUID | None,
    now: datetime,
) -> bytes:
    """Moves up to 1,000 open companies with access, by id after one, prorated from `now` on.

    Those that use more than a limit it lowers are kept and named. NotFound when there is no such version.
    """

    async def act(tx: AsyncConnection) -> Moved:
        wanted = await plans.find(tx, plan_code, to_version)
        if wanted is None or not to_version:
            raise NotFound(f"There is no version {to_version} of {plan_code}: choose one that is on offer.")
        while due := await subscriptions.ended(tx, now=now, limit=500):
            await end(tx, encode, due, now=now)
        page = await subscriptions.with_access(tx, plan_code, now=now, after=after, limit=PAGE)
        in_use = await usage.newest_of(tx, [each.company_id for each in page])
        kept: list[tuple[UUID, Sequence[Shortage]]] = []
        steps: list[Step] = []
        for each in page:
            current = each.subscription
            if current.plan.version == to_version:
                continue
            found = shortages(current.plan, wanted, in_use.get(each.company_id, Use()))
            if found:
                kept.append((each.company_id, found))
            else:
                steps.append((current, change_plan(current, wanted, max(now, each.at))))
        await record(tx, encode, steps, action=request.action, now=now)
        return Moved(
            company_ids=[change.after.company_id for _, change in steps],
            kept=kept,
            revenue_change=Money(
                sum(revenue_change(before, change.after) for before, change in steps), wanted.price_per_month.currency
            ),
            last=page[-1].company_id if len(page) == PAGE else None,
        )

    return await once(engine, request, act)
