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
from owner_portal.directory.pages.actions import AnAction, Asked, ASureAction, attempt, done
from owner_portal.directory.pages.answers import company_json, remember
from owner_portal.directory.pages.forms import Form, Texts, add_page, when_closed
from owner_portal.directory.rules import Company, CompanyPage
from owner_portal.directory.use_cases import find_company
from owner_portal.freshness.use_cases import with_memory
from owner_portal.subscriptions.pages import questions
from owner_portal.web.portal import Portal
from text_rules.lines import tidy

router = APIRouter(prefix="/owner/company/{company_id:uuid}")


async def _standing(portal: Portal, company_id: UUID, _typed: Texts) -> dict[str, object]:
    now = datetime.now(UTC)
    standing = await with_memory(portal.engine, questions.standing(portal, company_id))
    return {"standing": standing, "now": now, "extended_to": now + REACTIVATION}


REACTIVATION = timedelta(days=30)  # as billing gives at the least, see its domain/lifecycle.py


def _when_suspended(company: CompanyPage, known: Mapping[str, Any]) -> str:
    suspended = f"{company.name} is suspended already: nobody of it is let in until it is reactivated."
    return suspended if company.is_suspended else when_closed(company, known)


def _unless_suspended(company: CompanyPage, known: Mapping[str, Any]) -> str:
    running = "" if company.is_suspended else f"{company.name} is not suspended: there is nothing to reactivate."
    return when_closed(company, known) or running


SUSPEND = Form("companies/suspend.html", hindrance=_when_suspended)
REACTIVATE = Form(
    "companies/reactivate.html",
    otherwise="reactivated in the owner portal",
    more=_standing,
    hindrance=_unless_suspended,
)
CLOSE = Form("companies/close.html", more=_standing)  # for ever: a reason is demanded, and the company's name

add_page(router, "suspend", SUSPEND)
add_page(router, "reactivate", REACTIVATE)
add_page(router, "close", CLOSE)


@router.post("/suspend/")
async def suspend(asked: ASureAction) -> Response:
    """Every call of the company is refused from now on."""
    return await _change(asked, SUSPEND, asked.portal.get(CompanyClient).suspend, "suspended")


@router.post("/reactivate/")
async def reactivate(asked: AnAction) -> Response:
    """Ends a suspension."""
    return await _change(asked, REACTIVATE, asked.portal.get(CompanyClient).reactivate, "reactivated")


@router.post("/close/")
async def close(asked: ASureAction) -> Response:
    """Ends the company for ever. InvalidInput: `confirm` is not its name."""
    company = await find_company(asked.portal.engine, company_id=asked.company_id)

    def check(typed: Texts) -> dict[str, str]:
        same = tidy(typed.get("confirm", "")) == tidy(company.name)
        return {} if same else {"confirm": f"Type the company's name as it is: {company.name}"}

    return await _change(asked, replace(CLOSE, check=check), asked.portal.get(CompanyClient).close_company, "closed")


async def _change(
    asked: Asked, form: Form, change: Callable[[UUID, Action], Awaitable[Company]], what: str
) -> Response:
    async def carry_out(action: Action) -> Response:
        company = await change(asked.company_id, action)
        await remember(asked.portal, company)
        return done(asked, "", what, {"company": company_json(company)})

    return await attempt(asked, form, carry_out)
