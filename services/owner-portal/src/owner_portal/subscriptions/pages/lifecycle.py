"""Renewing, extending, cancelling a subscription, and marking it as past due."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.encoders import jsonable_encoder
from starlette.responses import Response

from owner_portal.clients.actions import Action
from owner_portal.directory.pages.actions import ActionRequest, OwnerAction, StepUpAction, attempt, done
from owner_portal.directory.pages.answers import update_subscription_copy
from owner_portal.directory.pages.forms import BlockedReason, F, Form, Texts, add_page, when_closed
from owner_portal.directory.rules import CompanyPage
from owner_portal.freshness.rules import CachedAnswer
from owner_portal.freshness.use_cases import cached_answer
from owner_portal.subscriptions.client.invoices import InvoiceClient
from owner_portal.subscriptions.client.subscriptions import SubscriptionClient
from owner_portal.subscriptions.pages import questions
from owner_portal.subscriptions.rules.subscriptions import CurrentSubscription, SubscriptionChange, SubscriptionStep
from owner_portal.web.inputs import ReasonInput, described, parsed
from owner_portal.web.portal import Portal

router = APIRouter(prefix="/owner/company/{company_id:uuid}")
MAX_DAYS = 366
MOMENTS = ("now", "period-end")
WRONG_MOMENT = f"Choose one of these: {', '.join(MOMENTS)}."


async def _standing(portal: Portal, company_id: UUID, _typed: Texts) -> dict[str, object]:
    standing = await cached_answer(portal.engine, questions.standing(portal, company_id))
    goes_on = standing.value is not None and standing.value.record.subscription.goes_on(datetime.now(UTC))
    return {"standing": standing, "goes_on": goes_on}


def when_refused(step: SubscriptionStep) -> BlockedReason:
    """The reason why billing refuses a step; a closed company may only pay and be credited."""

    def blocked_reason(company: CompanyPage, known: Mapping[str, Any]) -> str:
        standing: CachedAnswer[CurrentSubscription | None] = known["standing"]
        if step not in {SubscriptionStep.RECORD_PAYMENT, SubscriptionStep.CANCEL} and company.is_closed:
            return when_closed(company, known)
        return standing.value.refusals.get(step, "") if standing.fresh and standing.value else ""

    return blocked_reason


def _read_days(typed: str) -> int | None:
    text = typed.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_DAYS else None


class ExtendInput(ReasonInput):
    """`days`: free days to add."""

    days: Annotated[int, parsed(_read_days, f"Enter whole days from 1 to {MAX_DAYS}.")]


class CancelInput(ReasonInput):
    """`when`: "now", with a credit for unused time, or "period-end"."""

    when: Annotated[str, parsed(lambda typed: typed if typed in MOMENTS else None, WRONG_MOMENT)] = "period-end"


def _form(step: SubscriptionStep, template: str, fields: type[F], otherwise: str = "") -> Form[F]:
    return Form(template, fields, otherwise, more=_standing, blocked_reason=when_refused(step))


RENEW = _form(SubscriptionStep.RENEW, "subscriptions/renew.html", ReasonInput, "renewed in the owner portal")
EXTEND = _form(SubscriptionStep.EXTEND, "subscriptions/extend.html", ExtendInput, "extended in the owner portal")
CANCEL = _form(SubscriptionStep.CANCEL, "subscriptions/cancel.html", CancelInput)
PAST_DUE = _form(SubscriptionStep.MARK_PAST_DUE, "subscriptions/mark_past_due.html", ReasonInput)

add_page(router, "renew", RENEW)
add_page(router, "extend", EXTEND)
add_page(router, "cancel", CANCEL)
add_page(router, "mark-past-due", PAST_DUE)

CHANGED = '{"subscription", "lines", "scheduled"}'


@router.post("/renew/", **described(ReasonInput, CHANGED))
async def renew(requested: OwnerAction) -> Response:
    """Starts a billed month now, or withdraws a cancellation."""

    async def change(company_id: UUID, action: Action, _fields: ReasonInput) -> SubscriptionChange:
        return await requested.portal.get(SubscriptionClient).renew(company_id, action)

    return await _change(requested, RENEW, change, "renewed", uncharged="resumed")


@router.post("/extend/", **described(ExtendInput, CHANGED))
async def extend(requested: OwnerAction) -> Response:
    """Adds free days."""

    async def change(company_id: UUID, action: Action, fields: ExtendInput) -> SubscriptionChange:
        return await requested.portal.get(SubscriptionClient).extend(company_id, fields.days, action)

    return await _change(requested, EXTEND, change, "extended")


@router.post("/cancel/", **described(CancelInput, CHANGED))
async def cancel(requested: StepUpAction) -> Response:
    """Cancels the subscription at the end of the period, or now with a credit for unused time."""

    async def change(company_id: UUID, action: Action, fields: CancelInput) -> SubscriptionChange:
        at_once = fields.when == "now"
        return await requested.portal.get(SubscriptionClient).cancel(company_id, at_once=at_once, action=action)

    return await _change(requested, CANCEL, change, "cancelled")


@router.post("/mark-past-due/", **described(ReasonInput, CHANGED))
async def mark_past_due(requested: OwnerAction) -> Response:
    """Marks the subscription as past due."""

    async def change(company_id: UUID, action: Action, _fields: ReasonInput) -> SubscriptionChange:
        return SubscriptionChange(await requested.portal.get(InvoiceClient).mark_past_due(company_id, action))

    return await _change(requested, PAST_DUE, change, "past-due")


async def _change(
    requested: ActionRequest,
    form: Form[F],
    change: Callable[[UUID, Action, F], Awaitable[SubscriptionChange]],
    what: str,
    *,
    uncharged: str | None = None,
) -> Response:
    """`uncharged`: the confirmation if nothing was charged or credited."""

    async def carry_out(action: Action, fields: F) -> Response:
        changed = await change(requested.company_id, action, fields)
        await update_subscription_copy(requested.portal, changed.subscription)
        said = what if changed.lines or uncharged is None else uncharged
        return done(requested, "billing/", said, changed_json(changed))

    return await attempt(requested, form, carry_out)


def changed_json(changed: SubscriptionChange) -> dict[str, Any]:
    """The result of an action as JSON; `scheduled` is null if it took effect."""
    return {
        "subscription": jsonable_encoder(changed.subscription),
        "lines": jsonable_encoder(changed.lines),
        "scheduled": jsonable_encoder(changed.scheduled),
    }
