"""Pages about accounts: admins edit, deactivate and give passwords, everyone changes the own password."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from servicekit.errors import AppError, NotFound
from text_rules.zones import time_zones
from tracking.screenshots.use_cases.show_screenshots import find_person
from tracking.sign_in.pages.sign_in import browser_of, know_browser
from tracking.sign_in.use_cases.change_password import change_password, reset_password, show_new_password
from tracking.sign_in.use_cases.unlock_sign_in import show_guesses, unlock
from tracking.team.use_cases.deactivate_employee import deactivate_employee, reactivate_employee
from tracking.team.use_cases.edit_employee import LONGEST_DESIGNATION, Edit, edit_employee
from tracking.workspace.pages.errors import says_when
from tracking.workspace.pages.forms import Line, Number, Once, Version, submission, version_for
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.statuses import http_status
from tracking.workspace.pages.visitors import AdminVisitor, AnyVisitor, TheWorkspace, Visitor, Workspace
from tracking.workspace.rules.editing import Editor

router = APIRouter()


class EditForm(BaseModel):
    """What an account is to say."""

    name: Line
    email: Line
    role: Line
    designation: Line = ""
    time_zone: Line = ""
    version: Version


class ResetForm(BaseModel):
    """A password for somebody; one is made when it is empty."""

    password: Line = ""
    once: Once = ""


class PasswordForm(BaseModel):
    """The own password, and what it is to be."""

    present: Line
    new: Line


@router.get("/team/{number}/account")
async def account_of(workspace: TheWorkspace, visitor: AdminVisitor, number: Number) -> Response:
    """The account of one of the company's people."""
    return await _account_of(workspace, visitor, number)


@router.post("/team/{number}/account")
async def edit(
    workspace: TheWorkspace, visitor: AdminVisitor, number: Number, form: Annotated[EditForm, Form()]
) -> Response:
    """Changes it."""
    wanted = Edit(form.name, form.email, form.role, form.designation, form.time_zone.strip())
    try:
        editor = Editor(visitor.person.employee_id, form.version)
        await edit_employee(workspace.engine, visitor.company_id, number, wanted, editor=editor)
    except AppError as error:
        return await _account_of(workspace, visitor, number, error=error, typed=wanted, sent=form)
    return RedirectResponse(f"/team/{number}", 303)


@router.post("/team/{number}/deactivate")
async def deactivate(workspace: TheWorkspace, visitor: AdminVisitor, number: Number) -> Response:
    """Frees that person's seat; within seconds their trackers are refused."""
    try:
        await deactivate_employee(
            workspace.engine, visitor.company_id, number, by=visitor.person.employee_id, now=datetime.now(UTC)
        )
    except AppError as error:
        return await _account_of(workspace, visitor, number, error=error)
    return RedirectResponse(f"/team/{number}/account", 303)


@router.post("/team/{number}/reactivate")
async def reactivate(workspace: TheWorkspace, visitor: AdminVisitor, number: Number) -> Response:
    """Gives that person a seat of the plan again."""
    try:
        seats = workspace.seats_of(visitor.company_id)
        await reactivate_employee(workspace.engine, visitor.company_id, number, seats=seats)
    except AppError as error:
        return await _account_of(workspace, visitor, number, error=error)
    return RedirectResponse(f"/team/{number}/account", 303)


@router.post("/team/{number}/password")
async def reset(
    request: Request, workspace: TheWorkspace, visitor: AdminVisitor, number: Number, form: Annotated[ResetForm, Form()]
) -> Response:
    """Gives that person another password; one that is made here is shown once, on the page that follows."""
    try:
        shown_id = await reset_password(
            workspace.engine,
            visitor.ticket,
            number,
            password=form.password,
            by=visitor.person.employee_id,
            now=datetime.now(UTC),
            submission=submission(request, form.once, visitor.person.employee_id, form),
        )
    except AppError as error:
        return await _account_of(workspace, visitor, number, error=error)
    return RedirectResponse(f"/team/{number}/password/{shown_id}", 303)


@router.get("/team/{number}/password/{shown_id}")
async def new_password(workspace: TheWorkspace, visitor: AdminVisitor, number: Number, shown_id: UUID) -> Response:
    """What was made, once, to the session that asked for it."""
    whose = await find_person(workspace.engine, visitor.company_id, number)
    try:
        made = await show_new_password(workspace.engine, visitor.ticket, shown_id, whose=whose.employee_id)
    except NotFound as error:
        return await _account_of(workspace, visitor, number, error=error)
    return render("new_password.html", person=visitor.person, whose=whose, made=made)


@router.post("/team/{number}/unlock")
async def unlock_account(workspace: TheWorkspace, visitor: AdminVisitor, number: Number) -> Response:
    """Forgives the attempts to sign in to that person's account."""
    await unlock(workspace.engine, visitor.company_id, number)
    return RedirectResponse(f"/team/{number}/account", 303)


@router.get("/account")
async def own_account(visitor: AnyVisitor, done: str = "") -> Response:
    """The form for the own password."""
    return render("own_account.html", person=visitor.person, done=done == "password")


@router.post("/account")
async def change_own_password(
    request: Request, workspace: TheWorkspace, visitor: AnyVisitor, form: Annotated[PasswordForm, Form()]
) -> Response:
    """Changes it; the visitor stays signed in here, and nowhere else."""
    browser = browser_of(request, workspace)
    try:
        await change_password(
            workspace.engine,
            visitor.ticket,
            visitor.person.employee_id,
            present=form.present,
            new=form.new,
            now=datetime.now(UTC),
            browser=browser,
        )
    except AppError as error:
        reply = render(
            "own_account.html", status_code=http_status(error), person=visitor.person, done=False, error=error.message
        )
        return says_when(reply, error)
    return know_browser(RedirectResponse("/account?done=password", 303), workspace, browser)


async def _account_of(
    workspace: Workspace,
    visitor: Visitor,
    number: int,
    *,
    error: AppError | None = None,
    typed: Edit | None = None,
    sent: EditForm | None = None,
) -> Response:
    whose = await find_person(workspace.engine, visitor.company_id, number)
    return render(
        "account.html",
        guesses=await show_guesses(workspace.engine, visitor.company_id, whose),
        status_code=http_status(error) if error else 200,
        person=visitor.person,
        whose=whose,
        says=typed or whose,
        version=version_for(error, sent, whose.version),
        longest_designation=LONGEST_DESIGNATION,
        time_zones=time_zones(),
        error=error.message if error else "",
    )
