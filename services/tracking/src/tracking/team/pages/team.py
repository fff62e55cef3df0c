"""The home page and the team page."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from servicekit.errors import AppError, http_status
from tracking.people.use_cases import add_employee
from tracking.sign_in.pages.setup import AccountForm
from tracking.team.pages.rejections import explain_rejection
from tracking.team.use_cases.show_team import show_person, show_team
from tracking.workspace.pages.forms import submission
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import AdminVisitor, AnyVisitor, TheWorkspace, Workspace

router = APIRouter()


@router.get("/")
async def home(workspace: TheWorkspace, visitor: AnyVisitor) -> Response:
    """The visitor's own days and sessions."""
    shown = await show_person(workspace.engine, visitor.company_id, visitor.person.employee_id, datetime.now(UTC))
    return render("home.html", person=visitor.person, shown=shown)


@router.get("/team")
async def team(workspace: TheWorkspace, visitor: AdminVisitor) -> Response:
    """The company's people and their current day."""
    return await _team(workspace, visitor)


@router.post("/team")
async def add_to_team(
    request: Request, workspace: TheWorkspace, visitor: AdminVisitor, form: Annotated[AccountForm, Form()]
) -> Response:
    """Adds an account within the seats of the plan."""
    try:
        await add_employee(
            workspace.engine,
            visitor.company_id,
            seats=workspace.seats_of(visitor.company_id),
            name=form.name,
            email=form.email,
            password=form.password,
            submission=submission(request, form.once, visitor.person.employee_id, form),
        )
    except AppError as error:
        return await _team(workspace, visitor, error=error, typed=form)
    return RedirectResponse("/team", 303)


async def _team(
    workspace: Workspace, visitor: AdminVisitor, *, error: AppError | None = None, typed: AccountForm | None = None
) -> Response:
    shown = await show_team(workspace.engine, visitor.company_id, datetime.now(UTC))
    return render(
        "team.html",
        status_code=http_status(error) if error else 200,
        person=visitor.person,
        shown=shown,
        seats=visitor.seats,
        explain_rejection=explain_rejection,
        typed=typed,
        error=error,
    )
