"""Events of tenancy: a new company starts a trial, a reactivation extends access, a closing cancels."""

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
from billing.subscriptions.rules.closing import cancel_closed
from billing.subscriptions.rules.lifecycle import end_after_reactivation, extend
from billing.subscriptions.rules.plan_change import ScheduledChangeState
from billing.subscriptions.store import company_events, scheduled_changes
from billing.subscriptions.store import history as subscriptions
from billing.subscriptions.use_cases.periods import load_current
from billing.subscriptions.use_cases.record_changes import Encode, record_changes
from servicekit.errors import NotFound

log = structlog.get_logger()

COMPANY_CREATED = Action("tenancy", "the company was created")
COMPANY_REACTIVATED = Action("tenancy", "the company was reactivated")
COMPANY_CLOSED = Action("tenancy", "the company was closed")


async def start_trial(engine: AsyncEngine, encode: Encode, *, company_id: UUID, plan_code: str, now: datetime) -> None:
    """Starts a trial of the newest version of the plan, unless the company has a subscription or was closed.

    With an unknown plan code it takes the cheapest plan, because no company may be without a subscription.
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
            log.warning(
                "unknown plan replaced by the cheapest", company_id=str(company_id), asked=plan_code, taken=plan.code
            )
        trial = lifecycle.start_trial(company_id, plan, now)
        await record_changes(tx, encode, [(None, trial)], action=COMPANY_CREATED, now=now)


async def extend_on_reactivation(
    engine: AsyncEngine, encode: Encode, *, company_id: UUID, company_revision: int, now: datetime
) -> None:
    """Extends access to at least the reactivation period from `now` on, once for each `company_revision`.

    Does nothing for a revision that is not newer than the last one, for a closed company, and for a company whose
    creation has not arrived: it will get a whole trial.
    """
    async with engine.begin() as tx:
        await revision_clock.lock(tx)
        if not await company_events.add_reactivation(tx, company_id, company_revision):
            return
        if await company_events.closed_at(tx, company_id) is not None:
            return
        try:
            current, at = await load_current(tx, encode, company_id, now)
        except NotFound:
            return
        change = extend(current.subscription, at, end_after_reactivation(current.subscription, now))
        if change is not None:
            await record_changes(tx, encode, [(current.subscription, change)], action=COMPANY_REACTIVATED, now=now)


async def cancel_on_closing(
    engine: AsyncEngine, encode: Encode, *, company_id: UUID, closed_at: datetime, now: datetime
) -> None:
    """Records the closing once and cancels the subscription as `cancel_closed` decides.

    The event may be late. A company whose creation has not arrived will get no trial.
    """
    async with engine.begin() as tx:
        await revision_clock.lock(tx)
        if not await company_events.add_closing(tx, company_id, closed_at):
            return
        try:
            current, at = await load_current(tx, encode, company_id, closed_at)
        except NotFound:
            return
        await scheduled_changes.settle(tx, company_id, ScheduledChangeState.WITHDRAWN, at, COMPANY_CLOSED.reason)
        then = await subscriptions.at(tx, company_id, closed_at) or current
        issued = await invoices.issued_after(tx, company_id, closed_at)
        change = cancel_closed(current.subscription, then.subscription, at, issued=issued)
        if change is not None:
            await record_changes(tx, encode, [(current.subscription, change)], action=COMPANY_CLOSED, now=now)
