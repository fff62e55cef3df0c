"""What a change of plan would be: the part that previewing and doing it have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from billing.limits.rules.limits import Shortage, Use, shortages
from billing.limits.store import usage
from billing.plans.rules.plan import Plan
from billing.plans.store import plans
from billing.subscriptions.rules.change import Change, Record
from billing.subscriptions.rules.plan_change import Timing, change_plan, timing
from billing.subscriptions.use_cases.standing import must_be_open
from servicekit.errors import NotFound


@dataclass(frozen=True, slots=True)
class Decision:
    """`change` is what is done at `change.at`: now, or at the end of the period as it is known today.

    `default` is when it would be done if nobody asked for a moment.
    """

    current: Record
    plan: Plan
    timing: Timing
    default: Timing
    change: Change
    in_use: Use
    shortages: Sequence[Shortage]


async def decide_plan_change(
    tx: AsyncConnection, current: Record, *, code: str, version: int, asked: Timing | None, at: datetime
) -> Decision:
    """For version 0 the newest one. NotFound when there is no such plan.

    Refused as `plan_change.timing` says, and when the company was closed.
    """
    await must_be_open(tx, current.company_id)
    plan = await plans.find(tx, code, version)
    if plan is None:
        wanted = f"{code} version {version}" if version else code
        raise NotFound(f"There is no plan {wanted}: choose one that is on offer.")
    subscription = current.subscription
    when = timing(subscription, plan, asked, at)
    default = timing(subscription, plan, None, at)
    change = change_plan(subscription, plan, at if when is Timing.NOW else subscription.expires_at)
    in_use = (await usage.newest_of(tx, [current.company_id])).get(current.company_id, Use())
    return Decision(current, plan, when, default, change, in_use, shortages(subscription.plan, plan, in_use))
