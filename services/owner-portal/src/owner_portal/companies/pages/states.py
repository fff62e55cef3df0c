"""Suspending, reactivating and closing a company."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from owner_portal.clients.actions import Action
from owner_portal.companies.client import CompanyClient
from owner_portal.directory.pages.actions import ActionRequest, OwnerAction, StepUpAction, attempt, done
from owner_portal.directory.pages.answers import company_json, update_company_copy
from owner_portal.directory.pages.forms import F, Form, Texts, add_page, when_closed
from owner_portal.directory.rules import Company, CompanyPage
from owner_portal.directory.use_cases import find_company
from owner_portal.freshness.use_cases import cached_answer
from owner_portal.subscriptions.pages import questions
from owner_portal.web.inputs import ReasonInput, described
from owner_portal.web.portal import Portal
from text_rules.lines import tidy

router = APIRouter(prefix="/owner/company/{company_id:uuid}")


async def _standing(portal: Portal, company_id: UUID, _typed: Texts) -> dict[str, object]:
    now = datetime.now(UTC)
    standing = await cached_answer(portal.engine, questions.standing(portal, company_id))
    return {"standing": standing, "now": now, "extended_to": now + REACTIVATION}


REACTIVATION = timedelta(days=30)  # as billing gives at the least, see its domain/lifecycle.py


def _when_suspended(company: CompanyPage, known: Mapping[str, Any]) -> str:
    suspended = (
        f"{company.name} is already suspended: all of its users are signed out and refused until it is reactivated."
    )
    return suspended if company.is_suspended else when_closed(company, known)


def _unless_suspended(company: CompanyPage, known: Mapping[str, Any]) -> str:
    running = "" if company.is_suspended else f"{company.name} is not suspended: there is nothing to reactivate."
    return when_closed(company, known) or running


SUSPEND = Form("companies/suspend.html", ReasonInput, blocked_reason=_when_suspended)
REACTIVATE = Form(
    "companies/reactivate.html",
    ReasonInput,
    otherwise="reactivated in the owner portal",
    more=_standing,
    blocked_reason=_unless_suspended,
)


class CloseInput(ReasonInput):
    """`confirm`: the company's name."""

    confirm: str = ""


CLOSE = Form(
    "companies/close.html", CloseInput, more=_standing
)  # irreversible: asks for a reason and for the company's name

add_page(router, "suspend", SUSPEND)
add_page(router, "reactivate", REACTIVATE)
add_page(router, "close", CLOSE)


@router.post("/suspend/", **described(ReasonInput, '{"company"}'))
async def suspend(requested: StepUpAction) -> Response:
    """Refuses every request of the company."""
    return await _change(requested, SUSPEND, requested.portal.get(CompanyClient).suspend, "suspended")


@router.post("/reactivate/", **described(ReasonInput, '{"company"}'))
async def reactivate(requested: OwnerAction) -> Response:
    """Ends a suspension."""
    return await _change(requested, REACTIVATE, requested.portal.get(CompanyClient).reactivate, "reactivated")


@router.post("/close/", **described(CloseInput, '{"company"}'))
async def close(requested: StepUpAction) -> Response:
    """Closes the company permanently. InvalidInput: `confirm` is not its name."""
    company = await find_company(requested.portal.engine, company_id=requested.company_id)

    def check(typed: Texts) -> dict[str, str]:
        same = tidy(typed.get("confirm", "")) == tidy(company.name)
        return {} if same else {"confirm": f"Type the company's name exactly: {company.name}"}

    return await _change(
        requested, replace(CLOSE, check=check), requested.portal.get(CompanyClient).close_company, "closed"
    )


async def _change(
    requested: ActionRequest, form: Form[F], change: Callable[[UUID, Action], Awaitable[Company]], what: str
) -> Response:
    async def carry_out(action: Action, _fields: F) -> Response:
        company = await change(requested.company_id, action)
        await update_company_copy(requested.portal, company)
        return done(requested, "", what, {"company": company_json(company)})

    return await attempt(requested, form, carry_out)
