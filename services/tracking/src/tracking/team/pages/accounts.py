"""Pages on which admins edit, deactivate and unlock accounts and set their passwords."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from servicekit.errors import AppError, NotFound, http_status
from text_rules.zones import time_zones
from tracking.people.use_cases import find_person
from tracking.sign_in.use_cases.change_password import reset_password, show_new_password
from tracking.sign_in.use_cases.unlock_sign_in import show_failed_sign_ins, unlock
from tracking.team.use_cases.deactivate_employee import deactivate_employee, reactivate_employee
from tracking.team.use_cases.edit_employee import MAX_DESIGNATION_LENGTH, Edit, edit_employee
from tracking.workspace.pages.forms import IdempotencyKey, Line, Number, Version, submission, version_for
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import AdminVisitor, TheWorkspace, Visitor, Workspace
from tracking.workspace.rules.editing import Editor

router = APIRouter()


class EditForm(BaseModel):
    """The fields of an account that an admin edits."""

    name: Line
    email: Line
    role: Line
    designation: Line = ""
    time_zone: Line = ""
    version: Version


class ResetForm(BaseModel):
    """A new password; one is generated if it is empty."""

    password: Line = ""
    once: IdempotencyKey = ""


@router.get("/team/{number}/account")
async def account_of(workspace: TheWorkspace, visitor: AdminVisitor, number: Number) -> Response:
    """Shows the account of one of the company's people."""
    return await _account_of(workspace, visitor, number)


@router.post("/team/{number}/account")
async def edit(
    workspace: TheWorkspace, visitor: AdminVisitor, number: Number, form: Annotated[EditForm, Form()]
) -> Response:
    """Saves the account."""
    wanted = Edit(form.name, form.email, form.role, form.designation, form.time_zone.strip())
    try:
        editor = Editor(visitor.person.employee_id, form.version)
        await edit_employee(workspace.engine, visitor.company_id, number, wanted, editor=editor)
    except AppError as error:
        return await _account_of(workspace, visitor, number, error=error, typed=wanted, sent=form)
    return RedirectResponse(f"/team/{number}", 303)


@router.post("/team/{number}/deactivate")
async def deactivate(workspace: TheWorkspace, visitor: AdminVisitor, number: Number) -> Response:
    """Frees the person's seat; within seconds their trackers are refused."""
    try:
        await deactivate_employee(
            workspace.engine, visitor.company_id, number, by=visitor.person.employee_id, now=datetime.now(UTC)
        )
    except AppError as error:
        return await _account_of(workspace, visitor, number, error=error)
    return RedirectResponse(f"/team/{number}/account", 303)


@router.post("/team/{number}/reactivate")
async def reactivate(workspace: TheWorkspace, visitor: AdminVisitor, number: Number) -> Response:
    """Gives the person a seat of the plan again."""
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
    """Sets the person's password; a generated one is shown once, on the next page."""
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
    """Shows a generated password once, to the session that requested it."""
    whose = await find_person(workspace.engine, visitor.company_id, number)
    try:
        made = await show_new_password(workspace.engine, visitor.ticket, shown_id, whose=whose.employee_id)
    except NotFound as error:
        return await _account_of(workspace, visitor, number, error=error)
    return render("new_password.html", person=visitor.person, whose=whose, made=made)


@router.post("/team/{number}/unlock")
async def unlock_account(workspace: TheWorkspace, visitor: AdminVisitor, number: Number) -> Response:
    """Resets the failed sign-in attempts of the account."""
    await unlock(workspace.engine, visitor.company_id, number)
    return RedirectResponse(f"/team/{number}/account", 303)


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
        guesses=await show_failed_sign_ins(workspace.engine, visitor.company_id, whose),
        status_code=http_status(error) if error else 200,
        person=visitor.person,
        whose=whose,
        says=typed or whose,
        version=version_for(error, sent, whose.version),
        max_designation_length=MAX_DESIGNATION_LENGTH,
        time_zones=time_zones(),
        error=error,
    )
