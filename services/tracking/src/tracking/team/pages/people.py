"""Pages about one person: screenshots, for that person and the company's admins, and tasks, which admins give."""

from datetime import UTC, date, datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from servicekit.errors import AppError, Conflict, InvalidInput, Refused
from tracking.devices.use_cases.devices import list_devices, revoke_device
from tracking.people.use_cases import ADMIN
from tracking.screenshots.use_cases.show_screenshots import find_person, read_picture, show_gallery
from tracking.tasks.use_cases.tasks import assign_task, list_tasks
from tracking.workspace.pages.forms import After, Number, TaskForm, date_of, submission
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.statuses import http_status
from tracking.workspace.pages.visitors import AdminVisitor, AnyVisitor, TheWorkspace, Visitor, Workspace

router = APIRouter()


@router.get("/screenshots")
async def own_screenshots(
    workspace: TheWorkspace, visitor: AnyVisitor, day: date | None = None, after: After = ""
) -> Response:
    """The visitor's own, one day at a time."""
    return await _gallery(workspace, visitor, visitor.person.employee_id, "/screenshots", day, after)


@router.get("/team/{number}/screenshots")
async def screenshots_of(
    workspace: TheWorkspace, visitor: AdminVisitor, number: Number, day: date | None = None, after: After = ""
) -> Response:
    """Those of one of the company's people, for its admins."""
    person = await find_person(workspace.engine, visitor.company_id, number)
    return await _gallery(workspace, visitor, person.employee_id, f"/team/{number}/screenshots", day, after)


@router.get("/screenshots/{screenshot_id}")
async def picture(workspace: TheWorkspace, visitor: AnyVisitor, screenshot_id: UUID) -> Response:
    """One picture."""
    return await _picture(workspace, visitor, screenshot_id, thumbnail=False)


@router.get("/screenshots/{screenshot_id}/thumbnail")
async def thumbnail(workspace: TheWorkspace, visitor: AnyVisitor, screenshot_id: UUID) -> Response:
    """The same, small."""
    return await _picture(workspace, visitor, screenshot_id, thumbnail=True)


@router.get("/team/{number}")
async def person_page(workspace: TheWorkspace, visitor: AdminVisitor, number: Number, devices: After = "") -> Response:
    """One of the company's people, their tasks, and a page of their devices."""
    return await _person(workspace, visitor, number, after=devices)


@router.post("/team/{number}")
async def give_task(
    request: Request,
    workspace: TheWorkspace,
    visitor: AdminVisitor,
    number: Number,
    form: Annotated[TaskForm, Form()],
) -> Response:
    """Gives that person a task; their desktop shows it within seconds."""
    try:
        await assign_task(
            workspace.engine,
            visitor.company_id,
            employee_number=number,
            assigned_by=visitor.person.employee_id,
            title=form.title,
            description=form.description,
            due_date=date_of(form.due_date),
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
    """Signs that person out at one device; within seconds it is refused."""
    await revoke_device(workspace.engine, visitor.company_id, device_id, datetime.now(UTC))
    return RedirectResponse(f"/team/{number}", 303)


async def _gallery(
    workspace: Workspace, visitor: Visitor, employee_id: UUID, path: str, day: date | None, after: str
) -> Response:
    now = datetime.now(UTC)
    shown = await show_gallery(workspace.engine, visitor.company_id, employee_id, day=day, now=now, after=after)
    return render(
        "screenshots.html",
        person=visitor.person,
        shown=shown,
        path=path,
        newest=urlencode({"day": shown.day}) if after else "",
        older=urlencode({"day": shown.day, "after": shown.page.after}) if shown.page.after else "",
    )


async def _picture(workspace: Workspace, visitor: Visitor, screenshot_id: UUID, *, thumbnail: bool) -> Response:
    own = None if visitor.person.role == ADMIN else visitor.person.employee_id
    jpeg = await read_picture(
        workspace.engine,
        workspace.pictures,
        visitor.company_id,
        screenshot_id,
        only_of=own,
        thumbnail=thumbnail,
    )
    return Response(jpeg, media_type="image/jpeg")


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
        error=error.message if error else "",
    )
