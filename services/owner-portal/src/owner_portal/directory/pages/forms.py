"""The page of an action on one company: its effects and its form."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.directory.pages.answers import company_json
from owner_portal.directory.rules import CompanyPage
from owner_portal.directory.use_cases import find_company
from owner_portal.text.rules import MAX_REASON, read_reason, reason_problem, text_problem
from owner_portal.web.inputs import Input, described, problems_of
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import wants_json
from servicekit.ids import new_id

Texts = Mapping[str, str]
More = Callable[[Portal, UUID, Texts], Awaitable[Mapping[str, Any]]]
BlockedReason = Callable[[CompanyPage, Mapping[str, Any]], str]


def _no_problems(_typed: Texts) -> dict[str, str]:
    return {}


F = TypeVar("F", bound=Input)


async def _nothing_more(_portal: Portal, _company_id: UUID, _typed: Texts) -> dict[str, Any]:
    return {}


def when_closed(company: CompanyPage, _known: Mapping[str, Any]) -> str:
    """Why a closed company blocks most actions; empty for any other."""
    if not company.is_closed:
        return ""
    return f"{company.name} is permanently closed and can no longer be changed. Its pages can still be viewed."


@dataclass(frozen=True, slots=True)
class Form(Generic[F]):
    """One action's page. `template`: its name with the feature's, such as companies/edit.html.

    `fields` is the model of its input. `otherwise` is the reason when none is given; empty: a reason is required.
    `check` finds problems that depend on more than the input.
    `more` loads what else the template shows. `blocked_reason` says, from the company and from that, why the action
    would be refused now: the page then explains it instead of a form; empty: it may be tried.
    """

    template: str
    fields: type[F]
    otherwise: str = ""
    check: Callable[[Texts], Mapping[str, str]] = _no_problems
    more: More = _nothing_more
    blocked_reason: BlockedReason = when_closed

    def problems(self, typed: Texts) -> dict[str, str]:
        """What is wrong with each field; empty when all is well."""
        reason = read_reason(typed)
        problem = text_problem(reason, MAX_REASON) if self.otherwise else reason_problem(reason)
        problems = problems_of(self.fields, typed) | dict(self.check(typed))
        return problems | ({"reason": problem} if problem else {})


async def show(
    request: Request,
    portal: Portal,
    company_id: UUID,
    form: Form[Any],
    typed: Texts | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response:
    """The page of an action before it is submitted; a script gets the company.

    NotFound: there is no such company, or no such object in it.
    """
    typed = typed or {}
    if wants_json(request):
        company = await find_company(portal.engine, company_id=company_id)
        await form.more(portal, company_id, typed)
        return JSONResponse({"company": company_json(company)})
    status = 400 if problems else 200
    return await page(
        request, portal, company_id, form, typed, idempotency_key=str(new_id()), problems=problems, status=status
    )


def add_page(router: APIRouter, path: str, form: Form[Any]) -> None:
    """Serves the page of an action at `path` below the router's own."""

    async def get(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
        return await show(request, portal, company_id, form)

    get.__doc__ = f"The company, before the action {path}."
    name = f"{path.replace('-', '_').replace('/', '_')}_page"
    router.add_api_route(f"/{path}/", get, name=name, **described(answer='{"company"}'))


async def page(
    request: Request,
    portal: Portal,
    company_id: UUID,
    form: Form[Any],
    typed: Texts,
    *,
    idempotency_key: str,
    problems: Mapping[str, str] | None = None,
    message: str = "",
    status: int = 200,
    explain: bool = True,
) -> Response:
    """The page, empty or with what was entered and its problems.

    `explain`: the reason why the action is blocked replaces the form.
    """
    company = await find_company(portal.engine, company_id=company_id)
    more = await form.more(portal, company_id, typed)
    blocked_reason = form.blocked_reason(company, more) if explain else ""
    return render(
        request,
        form.template,
        status,
        company=company,
        typed=typed,
        idempotency_key=idempotency_key,
        reason_required=not form.otherwise,
        problems=problems or {},
        message="" if blocked_reason else message,
        blocked_reason=blocked_reason,
        **more,
    )
