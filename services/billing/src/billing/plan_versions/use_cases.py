"""New plan versions: previewed, created, and companies moved to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases import OwnerRequest, carry_out
from billing.limits import store as usage
from billing.limits.rules import LimitViolation, UsageLevel, limit_violations
from billing.money.rules import Money
from billing.plans import store as plans
from billing.plans.rules import Plan, next_version
from billing.subscriptions.rules.changes import Transition
from billing.subscriptions.rules.movements import revenue_change
from billing.subscriptions.rules.plan_change import apply_plan
from billing.subscriptions.rules.subscription import Subscription
from billing.subscriptions.store import history as subscriptions
from billing.subscriptions.use_cases.periods import end_current_periods
from billing.subscriptions.use_cases.record_changes import Encode, record_changes
from servicekit.errors import NotFound, Refused


@dataclass(frozen=True, slots=True)
class PlanVersionEffect:
    """The effect on one company; `revenue_after` in minor units a month. With violations it keeps its version."""

    subscription: Subscription
    revenue_after: int
    violations: Sequence[LimitViolation]


@dataclass(frozen=True, slots=True)
class PlanVersionPreview:
    """All effects, ordered by company; `page` has the requested ones, and `more` says whether others follow."""

    effects: Sequence[PlanVersionEffect]
    page: Sequence[PlanVersionEffect]
    more: bool
    currency: str

    @property
    def changing(self) -> list[PlanVersionEffect]:
        return [effect for effect in self.effects if not effect.violations]


async def preview_plan_version(
    engine: AsyncEngine, *, terms: Plan, now: datetime, after: UUID | None, limit: int
) -> PlanVersionPreview:
    """The effects of new terms on all open companies with access by that plan. Refused in another currency."""
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
        raise Refused(f"All plans are in {', '.join(currencies)}: give the price in that currency.")
    effects = [_effect(each, terms, in_use.get(each.company_id, UsageLevel())) for each in affected]
    rest = [effect for effect in effects if after is None or effect.subscription.company_id > after]
    return PlanVersionPreview(effects, rest[:limit], len(rest) > limit, currency)


def _effect(current: Subscription, terms: Plan, use: UsageLevel) -> PlanVersionEffect:
    found = limit_violations(current.plan, terms, use)
    after = current if found else current.changed(plan=terms)
    return PlanVersionEffect(current, after.monthly_revenue, found)


async def create_plan_version(engine: AsyncEngine, *, request: OwnerRequest, terms: Plan) -> Plan:
    """Creates the first version of a plan or the next one; existing subscriptions keep theirs.

    Conflict when the newest version has the same terms; Refused in another currency.
    """

    async def act(tx: AsyncConnection) -> Plan:
        plan = next_version(terms, await plans.on_offer(tx))
        await plans.add(tx, plan)
        return plan

    return await carry_out(engine, request, act)


PAGE_SIZE = 1_000


@dataclass(frozen=True, slots=True)
class MoveResult:
    """The result for one page of companies; the next page follows `last`, which is None on the last page."""

    company_ids: Sequence[UUID]
    kept: Sequence[tuple[UUID, Sequence[LimitViolation]]]
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
) -> MoveResult:
    """Moves up to 1,000 open companies with access, ordered by id, after one, prorated from `now` on.

    Companies with limit violations keep their version and are listed. NotFound when there is no such version.
    """

    async def act(tx: AsyncConnection) -> MoveResult:
        wanted = await plans.find(tx, plan_code, to_version)
        if wanted is None or not to_version:
            raise NotFound(f"There is no version {to_version} of {plan_code}: choose one that is on offer.")
        while due := await subscriptions.ended(tx, now=now, limit=500):
            await end_current_periods(tx, encode, due, now=now)
        page = await subscriptions.with_access(tx, plan_code, now=now, after=after, limit=PAGE_SIZE)
        in_use = await usage.newest_of(tx, [each.company_id for each in page])
        kept: list[tuple[UUID, Sequence[LimitViolation]]] = []
        steps: list[Transition] = []
        for each in page:
            current = each.subscription
            if current.plan.version == to_version:
                continue
            found = limit_violations(current.plan, wanted, in_use.get(each.company_id, UsageLevel()))
            if found:
                kept.append((each.company_id, found))
            else:
                steps.append((current, apply_plan(current, wanted, max(now, each.at))))
        await record_changes(tx, encode, steps, action=request.action, now=now)
        return MoveResult(
            company_ids=[change.after.company_id for _, change in steps],
            kept=kept,
            revenue_change=Money(
                sum(revenue_change(before, change.after) for before, change in steps), wanted.price_per_month.currency
            ),
            last=page[-1].company_id if len(page) == PAGE_SIZE else None,
        )

    return await carry_out(engine, request, act)
