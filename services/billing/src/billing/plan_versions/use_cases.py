"""New versions of plans: what they would change, offering them, moving companies to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases import OwnerRequest, carry_out
from billing.limits import store as usage
from billing.limits.rules import Shortage, Use, shortages
from billing.money.rules import Money
from billing.plans import store as plans
from billing.plans.rules import Plan, next_version
from billing.subscriptions.rules.movements import revenue_change
from billing.subscriptions.rules.plan_change import apply_plan
from billing.subscriptions.rules.subscription import Subscription
from billing.subscriptions.store import history as subscriptions
from billing.subscriptions.use_cases.periods import end
from billing.subscriptions.use_cases.record_changes import Encode, Step, record
from servicekit.errors import NotFound, Refused


@dataclass(frozen=True, slots=True)
class Effect:
    """On one company; minor units a month. With shortages it would keep its version, and its revenue."""

    subscription: Subscription
    revenue_after: int
    shortages: Sequence[Shortage]


@dataclass(frozen=True, slots=True)
class Preview:
    """All effects, by company; `page` are those that were asked for, `more` says whether others follow."""

    effects: Sequence[Effect]
    page: Sequence[Effect]
    more: bool
    currency: str

    @property
    def changing(self) -> list[Effect]:
        return [effect for effect in self.effects if not effect.shortages]


async def preview_plan_version(
    engine: AsyncEngine, *, terms: Plan, now: datetime, after: UUID | None, limit: int
) -> Preview:
    """Open companies with access by a version of the plan that has other terms. Refused in another currency."""
    async with engine.begin() as tx:
        currencies = {plan.price_per_month.currency for plan in await plans.on_offer(tx)}
        affected = [
            record.subscription
            for record in await subscriptions.with_access(tx, terms.code, now=now, after=None, limit=None)
            if record.subscription.plan != replace(terms, version=record.subscription.plan.version)
        ]
        in_use = await usage.newest_of(tx, [each.company_id for each in affected])
    currency = terms.price_per_month.currency
    if currencies - {currency}:
        raise Refused(f"All plans are in {', '.join(currencies)}: give the price in it.")
    effects = [_effect(each, terms, in_use.get(each.company_id, Use())) for each in affected]
    rest = [effect for effect in effects if after is None or effect.subscription.company_id > after]
    return Preview(effects, rest[:limit], len(rest) > limit, currency)


def _effect(current: Subscription, terms: Plan, use: Use) -> Effect:
    found = shortages(current.plan, terms, use)
    after = current if found else current.changed(plan=terms)
    return Effect(current, after.monthly_revenue, found)


async def create_plan_version(engine: AsyncEngine, *, request: OwnerRequest, terms: Plan) -> Plan:
    """The first version of a new plan, or the next one; existing subscriptions keep theirs.

    Conflict when the newest version has these terms; Refused in another currency than the platform's.
    """

    async def act(tx: AsyncConnection) -> Plan:
        plan = next_version(terms, await plans.on_offer(tx))
        await plans.add(tx, plan)
        return plan

    return await carry_out(engine, request, act)


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
    request: OwnerRequest,
    plan_code: str,
    to_version: int,
    after: UUID | None,
    now: datetime,
) -> Moved:
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
                steps.append((current, apply_plan(current, wanted, max(now, each.at))))
        await record(tx, encode, steps, action=request.action, now=now)
        return Moved(
            company_ids=[change.after.company_id for _, change in steps],
            kept=kept,
            revenue_change=Money(
                sum(revenue_change(before, change.after) for before, change in steps), wanted.price_per_month.currency
            ),
            last=page[-1].company_id if len(page) == PAGE else None,
        )

    return await carry_out(engine, request, act)
