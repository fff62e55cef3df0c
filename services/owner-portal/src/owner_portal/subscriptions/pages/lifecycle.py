"""What the owner does about a company's subscription: renews, extends, cancels, dunns."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.encoders import jsonable_encoder
from starlette.responses import Response

from owner_portal.clients.actions import Action
from owner_portal.directory.pages.actions import AnAction, Asked, ASureAction, attempt, done
from owner_portal.directory.pages.answers import remember_subscription
from owner_portal.directory.pages.forms import Form, Hindrance, Texts, add_page, when_closed
from owner_portal.directory.rules import CompanyPage
from owner_portal.freshness.rules import Remembered
from owner_portal.freshness.use_cases import with_memory
from owner_portal.subscriptions.client.invoices import InvoiceClient
from owner_portal.subscriptions.client.subscriptions import SubscriptionClient
from owner_portal.subscriptions.pages import questions
from owner_portal.subscriptions.rules.subscriptions import Changed, Standing, Step
from owner_portal.web.portal import Portal

router = APIRouter(prefix="/owner/company/{company_id:uuid}")
MOST_DAYS = 366


async def _standing(portal: Portal, company_id: UUID, _typed: Texts) -> dict[str, object]:
    standing = await with_memory(portal.engine, questions.standing(portal, company_id))
    goes_on = standing.value is not None and standing.value.record.subscription.goes_on(datetime.now(UTC))
    return {"standing": standing, "goes_on": goes_on}


def when_refused(step: Step) -> Hindrance:
    """What billing says of a step; of a closed company the portal knows it too, but that it may pay and be credited."""

    def hindrance(company: CompanyPage, known: Mapping[str, Any]) -> str:
        standing: Remembered[Standing | None] = known["standing"]
        if step not in {Step.RECORD_PAYMENT, Step.CANCEL} and company.is_closed:
            return when_closed(company, known)
        return standing.value.refusals.get(step, "") if standing.fresh and standing.value else ""

    return hindrance


def _days(typed: Texts) -> int | None:
    text = typed.get("days", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_DAYS else None


def _check_days(typed: Texts) -> dict[str, str]:
    return {} if _days(typed) else {"days": f"Enter whole days from 1 to {MOST_DAYS}."}


def _check_moment(typed: Texts) -> dict[str, str]:
    known = typed.get("when", "period-end") in {"now", "period-end"}
    return {} if known else {"when": "Choose one of these: now, period-end."}


def _form(
    step: Step, template: str, otherwise: str = "", check: Callable[[Texts], Mapping[str, str]] = lambda _typed: {}
) -> Form:
    return Form(template, otherwise, check=check, more=_standing, hindrance=when_refused(step))


FORMS = {
    "renew": _form(Step.RENEW, "subscriptions/renew.html", "renewed in the owner portal"),
    "extend": _form(Step.EXTEND, "subscriptions/extend.html", "extended in the owner portal", check=_check_days),
    "cancel": _form(Step.CANCEL, "subscriptions/cancel.html", check=_check_moment),
    "mark-past-due": _form(Step.MARK_PAST_DUE, "subscriptions/mark_past_due.html"),
}


for path, form in FORMS.items():
    add_page(router, path, form)


@router.post("/renew/")
async def renew(asked: AnAction) -> Response:
    """Starts a charged month now, or takes a cancellation back."""
    return await _change(asked, "renew", asked.portal.get(SubscriptionClient).renew, "renewed", uncharged="resumed")


@router.post("/extend/")
async def extend(asked: AnAction) -> Response:
    """Gives days for nothing."""

    async def change(company_id: UUID, action: Action) -> Changed:
        return await asked.portal.get(SubscriptionClient).extend(company_id, _days(asked.typed) or 0, action)

    return await _change(asked, "extend", change, "extended")


@router.post("/cancel/")
async def cancel(asked: ASureAction) -> Response:
    """Ends the subscription with its period, or now with the unused time credited."""

    async def change(company_id: UUID, action: Action) -> Changed:
        at_once = asked.typed.get("when") == "now"
        return await asked.portal.get(SubscriptionClient).cancel(company_id, at_once=at_once, action=action)

    return await _change(asked, "cancel", change, "cancelled")


@router.post("/mark-past-due/")
async def mark_past_due(asked: AnAction) -> Response:
    """Says that a payment is missing."""

    async def change(company_id: UUID, action: Action) -> Changed:
        return Changed(await asked.portal.get(InvoiceClient).mark_past_due(company_id, action))

    return await _change(asked, "mark-past-due", change, "past-due")


async def _change(
    asked: Asked,
    name: str,
    change: Callable[[UUID, Action], Awaitable[Changed]],
    what: str,
    *,
    uncharged: str | None = None,
) -> Response:
    """`uncharged`: what is said instead when nothing was charged or credited."""

    async def carry_out(action: Action) -> Response:
        changed = await change(asked.company_id, action)
        await remember_subscription(asked.portal, changed.subscription)
        said = what if changed.lines or uncharged is None else uncharged
        return done(asked, "billing/", said, changed_json(changed))

    return await attempt(asked, FORMS[name], carry_out)


def changed_json(changed: Changed) -> dict[str, Any]:
    """What an action made of a subscription: `scheduled` is null when it is done."""
    return {
        "subscription": jsonable_encoder(changed.subscription),
        "lines": jsonable_encoder(changed.lines),
        "scheduled": jsonable_encoder(changed.scheduled),
    }
