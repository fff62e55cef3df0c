"""Renewing, extending, cancelling a subscription, and marking it as past due."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.encoders import jsonable_encoder
from starlette.responses import Response

from owner_portal.clients.actions import Action
from owner_portal.directory.pages.actions import ActionRequest, OwnerAction, StepUpAction, attempt, done
from owner_portal.directory.pages.answers import update_subscription_copy
from owner_portal.directory.pages.forms import BlockedReason, Form, Texts, add_page, when_closed
from owner_portal.directory.rules import CompanyPage
from owner_portal.freshness.rules import CachedAnswer
from owner_portal.freshness.use_cases import cached_answer
from owner_portal.subscriptions.client.invoices import InvoiceClient
from owner_portal.subscriptions.client.subscriptions import SubscriptionClient
from owner_portal.subscriptions.pages import questions
from owner_portal.subscriptions.rules.subscriptions import CurrentSubscription, SubscriptionChange, SubscriptionStep
from owner_portal.web.portal import Portal

router = APIRouter(prefix="/owner/company/{company_id:uuid}")
MAX_DAYS = 366


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


def _days(typed: Texts) -> int | None:
    text = typed.get("days", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_DAYS else None


def _check_days(typed: Texts) -> dict[str, str]:
    return {} if _days(typed) else {"days": f"Enter whole days from 1 to {MAX_DAYS}."}


def _check_moment(typed: Texts) -> dict[str, str]:
    known = typed.get("when", "period-end") in {"now", "period-end"}
    return {} if known else {"when": "Choose one of these: now, period-end."}


def _form(
    step: SubscriptionStep,
    template: str,
    otherwise: str = "",
    check: Callable[[Texts], Mapping[str, str]] = lambda _typed: {},
) -> Form:
    return Form(template, otherwise, check=check, more=_standing, blocked_reason=when_refused(step))


FORMS = {
    "renew": _form(SubscriptionStep.RENEW, "subscriptions/renew.html", "renewed in the owner portal"),
    "extend": _form(
        SubscriptionStep.EXTEND, "subscriptions/extend.html", "extended in the owner portal", check=_check_days
    ),
    "cancel": _form(SubscriptionStep.CANCEL, "subscriptions/cancel.html", check=_check_moment),
    "mark-past-due": _form(SubscriptionStep.MARK_PAST_DUE, "subscriptions/mark_past_due.html"),
}


for path, form in FORMS.items():
    add_page(router, path, form)


@router.post("/renew/")
async def renew(requested: OwnerAction) -> Response:
    """Starts a billed month now, or withdraws a cancellation."""
    return await _change(
        requested, "renew", requested.portal.get(SubscriptionClient).renew, "renewed", uncharged="resumed"
    )


@router.post("/extend/")
async def extend(requested: OwnerAction) -> Response:
    """Adds free days."""

    async def change(company_id: UUID, action: Action) -> SubscriptionChange:
        return await requested.portal.get(SubscriptionClient).extend(company_id, _days(requested.typed) or 0, action)

    return await _change(requested, "extend", change, "extended")


@router.post("/cancel/")
async def cancel(requested: StepUpAction) -> Response:
    """Cancels the subscription at the end of the period, or now with a credit for unused time."""

    async def change(company_id: UUID, action: Action) -> SubscriptionChange:
        at_once = requested.typed.get("when") == "now"
        return await requested.portal.get(SubscriptionClient).cancel(company_id, at_once=at_once, action=action)

    return await _change(requested, "cancel", change, "cancelled")


@router.post("/mark-past-due/")
async def mark_past_due(requested: OwnerAction) -> Response:
    """Marks the subscription as past due."""

    async def change(company_id: UUID, action: Action) -> SubscriptionChange:
        return SubscriptionChange(await requested.portal.get(InvoiceClient).mark_past_due(company_id, action))

    return await _change(requested, "mark-past-due", change, "past-due")


async def _change(
    requested: ActionRequest,
    name: str,
    change: Callable[[UUID, Action], Awaitable[SubscriptionChange]],
    what: str,
    *,
    uncharged: str | None = None,
) -> Response:
    """`uncharged`: the confirmation if nothing was charged or credited."""

    async def carry_out(action: Action) -> Response:
        changed = await change(requested.company_id, action)
        await update_subscription_copy(requested.portal, changed.subscription)
        said = what if changed.lines or uncharged is None else uncharged
        return done(requested, "billing/", said, changed_json(changed))

    return await attempt(requested, FORMS[name], carry_out)


def changed_json(changed: SubscriptionChange) -> dict[str, Any]:
    """The result of an action as JSON; `scheduled` is null if it took effect."""
    return {
        "subscription": jsonable_encoder(changed.subscription),
        "lines": jsonable_encoder(changed.lines),
        "scheduled": jsonable_encoder(changed.scheduled),
    }
