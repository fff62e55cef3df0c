"""The page of one of the company's people, with their tasks and devices."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from servicekit.errors import AppError, Conflict, InvalidInput, Refused, http_status
from tracking.devices.use_cases.devices import list_devices, revoke_device
from tracking.people.use_cases import find_person
from tracking.tasks.pages import TaskForm
from tracking.tasks.use_cases.tasks import assign_task, list_tasks
from tracking.workspace.pages.forms import After, Number, date_of, submission
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import AdminVisitor, TheWorkspace, Visitor, Workspace

router = APIRouter()


@router.get("/team/{number}")
async def person_page(workspace: TheWorkspace, visitor: AdminVisitor, number: Number, devices: After = "") -> Response:
    """Shows the person, their tasks, and one page of their devices."""
    return await _person(workspace, visitor, number, after=devices)


@router.post("/team/{number}")
async def give_task(
    request: Request,
    workspace: TheWorkspace,
    visitor: AdminVisitor,
    number: Number,
    form: Annotated[TaskForm, Form()],
) -> Response:
    """Assigns a task to the person; their desktop shows it within seconds."""
    try:
        await assign_task(
            workspace.engine,
            visitor.company_id,
            employee_number=number,
            assigned_by=visitor.person.employee_id,
            title=form.title,
            description=form.description,
            due_date=date_of(form.due_date, "due_date"),
            now=datetime.now(UTC),
            submission=submission(request, form.once, visitor.person.employee_id, form),
        )
    except (InvalidInput, Refused, Conflict) as error:
        return await _person(workspace, visitor, number, error=error, typed=form)
    return RedirectResponse(f"/team/{number}", 303)


@router.post("/team/{number}/devices/{device_id}/revoke")
async def revoke(
    workspace: TheWorkspace,
    visitor: AdminVisitor,
    number: Number,
    device_id: UUID,
) -> Response:
    """Revokes one of the person's devices; within seconds it is refused."""
    await revoke_device(workspace.engine, visitor.company_id, device_id, datetime.now(UTC))
    return RedirectResponse(f"/team/{number}", 303)


async def _person(
    workspace: Workspace,
    visitor: Visitor,
    number: int,
    *,
    error: AppError | None = None,
    typed: TaskForm | None = None,
    after: str = "",
) -> Response:
    whose = await find_person(workspace.engine, visitor.company_id, number)
    tasks = await list_tasks(workspace.engine, visitor.company_id, whose.employee_id)
    devices = await list_devices(workspace.engine, visitor.company_id, whose.employee_id, after=after)
    return render(
        "person.html",
        status_code=http_status(error) if error else 200,
        person=visitor.person,
        whose=whose,
        tasks=tasks,
        devices=devices,
        newest=urlencode({"devices": ""}) if after else "",
        older=urlencode({"devices": devices.page.after}) if devices.page.after else "",
        typed=typed,
        error=error,
    )
