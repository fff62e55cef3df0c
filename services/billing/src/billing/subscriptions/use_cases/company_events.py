"""What tenancy's events do: a trial for a new company, free days after a reactivation, the end after a closing."""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.rules import Action
from billing.db.store import revision_clock
from billing.invoices import store as invoices
from billing.plans import store as plans
from billing.plans.rules import cheapest_first
from billing.subscriptions.rules import lifecycle
from billing.subscriptions.rules.closing import end_for_good
from billing.subscriptions.rules.lifecycle import end_after_reactivation, extend
from billing.subscriptions.rules.plan_change import ScheduledState
from billing.subscriptions.store import company_events, scheduled_changes
from billing.subscriptions.store import history as subscriptions
from billing.subscriptions.use_cases.periods import standing
from billing.subscriptions.use_cases.record_changes import Encode, record
from servicekit.errors import NotFound

log = structlog.get_logger()

COMPANY_CREATED = Action("tenancy", "the company was created")
COMPANY_REACTIVATED = Action("tenancy", "the company was reactivated")
COMPANY_CLOSED = Action("tenancy", "the company was closed")


async def start_trial(engine: AsyncEngine, encode: Encode, *, company_id: UUID, plan_code: str, now: datetime) -> None:
    """Starts a trial of the plan's newest version. Does nothing when the company has a subscription, or was closed.

    An unknown plan code gives the cheapest plan: a company must never be left without a subscription.
    """
    async with engine.begin() as tx:
        await revision_clock.lock(tx)
        if await subscriptions.current(tx, company_id) is not None:
            return
        if await company_events.closed_at(tx, company_id) is not None:
            return
        offers = cheapest_first(await plans.on_offer(tx))
        plan = next((plan for plan in offers if plan.code == plan_code), None)
        if plan is None:
            plan = offers[0]
            log.warning("unknown plan, cheapest taken", company_id=str(company_id), asked=plan_code, taken=plan.code)
        trial = lifecycle.start_trial(company_id, plan, now)
        await record(tx, encode, [(None, trial)], action=COMPANY_CREATED, now=now)


async def extend_on_reactivation(
    engine: AsyncEngine, encode: Encode, *, company_id: UUID, company_revision: int, now: datetime
) -> None:
    """Gives at least the reactivation period from `now` on, once for each `company_revision`; an older one than the last is ignored.

    A company that has no subscription yet gets its whole trial when its creation arrives: nothing to extend. One that
    was closed since is closed for ever.
    """
    async with engine.begin() as tx:
        await revision_clock.lock(tx)
        if not await company_events.add_reactivation(tx, company_id, company_revision):
            return
        if await company_events.closed_at(tx, company_id) is not None:
            return
        try:
            current, at = await standing(tx, encode, company_id, now)
        except NotFound:
            return
        change = extend(current.subscription, at, end_after_reactivation(current.subscription, now))
        if change is not None:
            await record(tx, encode, [(current.subscription, change)], action=COMPANY_REACTIVATED, now=now)


async def cancel_on_closing(
    engine: AsyncEngine, encode: Encode, *, company_id: UUID, closed_at: datetime, now: datetime
) -> None:
    """Notes the closing, once, and ends the subscription as `end_for_good` says.

    The event may be late. A company that is not known yet gets no trial when its creation arrives.
    """
    async with engine.begin() as tx:
        await revision_clock.lock(tx)
        if not await company_events.add_closing(tx, company_id, closed_at):
            return
        try:
            current, at = await standing(tx, encode, company_id, closed_at)
        except NotFound:
            return
        await scheduled_changes.settle(tx, company_id, ScheduledState.WITHDRAWN, at, COMPANY_CLOSED.reason)
        then = await subscriptions.at(tx, company_id, closed_at) or current
        issued = await invoices.issued_after(tx, company_id, closed_at)
        change = end_for_good(current.subscription, then.subscription, at, issued=issued)
        if change is not None:
            await record(tx, encode, [(current.subscription, change)], action=COMPANY_CLOSED, now=now)
