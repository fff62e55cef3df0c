"""The page of an action on one company: it explains what the action does and asks for what it needs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.directory.pages.answers import company_json
from owner_portal.directory.rules import CompanyPage
from owner_portal.directory.use_cases import find_company
from owner_portal.text.rules import LONGEST_REASON, read_reason, reason_problem, text_problem
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import wants_json
from servicekit.ids import new_id

Texts = Mapping[str, str]
More = Callable[[Portal, UUID, Texts], Awaitable[Mapping[str, Any]]]
Hindrance = Callable[[CompanyPage, Mapping[str, Any]], str]


def _no_problems(_typed: Texts) -> dict[str, str]:
    return {}


async def _nothing_more(_portal: Portal, _company_id: UUID, _typed: Texts) -> dict[str, Any]:
    return {}


def when_closed(company: CompanyPage, _known: Mapping[str, Any]) -> str:
    """What keeps an owner from most actions; empty for a company that is open."""
    if not company.is_closed:
        return ""
    return f"{company.name} is closed, for ever: nothing of it can be changed any more. Its pages can still be read."


@dataclass(frozen=True, slots=True)
class Form:
    """One action's page. `template`: its name with the feature's, such as companies/edit.html.

    `otherwise` is the reason when none is given; empty: one is demanded. `check` finds what is wrong with the fields.
    `more` is what else the template shows, asked for anew when the form comes back. `hindrance` says, from the company
    and from that, why the action would be refused now: then the page explains it and holds no form; empty: it may be
    tried.
    """

    template: str
    otherwise: str = ""
    check: Callable[[Texts], Mapping[str, str]] = _no_problems
    more: More = _nothing_more
    hindrance: Hindrance = when_closed

    def problems(self, typed: Texts) -> dict[str, str]:
        """What is wrong with each field; empty when all is well."""
        reason = read_reason(typed)
        problem = text_problem(reason, LONGEST_REASON) if self.otherwise else reason_problem(reason)
        return dict(self.check(typed)) | ({"reason": problem} if problem else {})


async def show(
    request: Request,
    portal: Portal,
    company_id: UUID,
    form: Form,
    typed: Texts | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response:
    """The page of an action before it is done; a script is told about the company.

    NotFound, for both: there is no such company, or in it nothing that the action is about.
    """
    typed = typed or {}
    if wants_json(request):
        company = await find_company(portal.engine, company_id=company_id)
        await form.more(portal, company_id, typed)
        return JSONResponse({"company": company_json(company)})
    status = 400 if problems else 200
    return await page(request, portal, company_id, form, typed, once=str(new_id()), problems=problems, status=status)


def add_page(router: APIRouter, path: str, form: Form) -> None:
    """Serves the page of an action at `path` below the router's own."""

    async def get(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
        return await show(request, portal, company_id, form)

    router.add_api_route(f"/{path}/", get)


async def page(
    request: Request,
    portal: Portal,
    company_id: UUID,
    form: Form,
    typed: Texts,
    *,
    once: str,
    problems: Mapping[str, str] | None = None,
    message: str = "",
    status: int = 200,
    explain: bool = True,
) -> Response:
    """The page as it is at first, or with what was typed and what is wrong with it.

    `explain`: what hinders the action takes the form's place.
    """
    company = await find_company(portal.engine, company_id=company_id)
    more = await form.more(portal, company_id, typed)
    hindrance = form.hindrance(company, more) if explain else ""
    return render(
        request,
        form.template,
        status,
        company=company,
        typed=typed,
        once=once,
        reason_required=not form.otherwise,
        problems=problems or {},
        message="" if hindrance else message,
        hindrance=hindrance,
        **more,
    )
