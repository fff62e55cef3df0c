"""What would happen if all companies of a plan had these terms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.limits.rules.limits import Shortage, Use, shortages
from billing.limits.store import usage
from billing.plans.rules.plan import Plan
from billing.plans.store import plans
from billing.subscriptions.rules.subscription import Subscription
from billing.subscriptions.store import subscriptions
from servicekit.errors import Refused


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
