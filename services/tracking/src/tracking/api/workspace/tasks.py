"""Pages of tasks: everyone sees the own ones and writes notes to them, admins all of the company's, which they change
and delete.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Path, Query, Request
from pydantic import BaseModel, BeforeValidator, Field
from starlette.responses import RedirectResponse, Response

from servicekit.errors import HTTP_STATUS, InvalidInput
from tracking.api.workspace.access import AdminVisitor, AnyVisitor, TheWorkspace, Visitor, Workspace, check_token
from tracking.api.workspace.pages import render
from tracking.application.accounts import ADMIN
from tracking.application.edit_tasks import browse_tasks, change_task, delete_task, note_task, open_task
from tracking.application.tasks import LONGEST_DESCRIPTION, LONGEST_TITLE, STATUSES

router = APIRouter(prefix="/tasks")
LARGEST_NUMBER = 2**63
Number = Annotated[int, Path(gt=0, lt=LARGEST_NUMBER)]
Text = Annotated[str, Form(max_length=512)]
EMPTY = BeforeValidator(lambda text: text or None)  # browsers send an empty field, too
Person = Annotated[Annotated[int, Field(gt=0, lt=LARGEST_NUMBER)] | None, EMPTY, Query()]
Status = Annotated[Literal["OPEN", "IN_PROGRESS", "DONE"] | None, EMPTY, Query()]


class TaskForm(BaseModel):
    """What somebody is to do; `person` is their number."""

    title: Annotated[str, Field(max_length=LONGEST_TITLE)]
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)] = ""
    due_date: Annotated[date | None, EMPTY] = None
    person: Annotated[int, Field(gt=0, lt=LARGEST_NUMBER)]
    csrf_token: Annotated[str, Field(max_length=512)] = ""


class NoteForm(BaseModel):
    """What is to be known about a task."""

    note: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)] = ""
    csrf_token: Annotated[str, Field(max_length=512)] = ""


@router.get("")
async def tasks_page(
    workspace: TheWorkspace, visitor: AnyVisitor, person: Person = None, status: Status = None
) -> Response:
    """The company's for its admins, the own ones for everyone else."""
    shown = await browse_tasks(
        workspace.engine,
        visitor.company_id,
        only_of=_only_of(visitor),
        employee_number=person,
        status=status,
    )
    return render(
        "task_list.html",
        person=visitor.person,
        shown=shown,
        statuses=STATUSES,
        chosen_person=person,
        chosen_status=status,
    )


@router.get("/{number}")
async def task_page(workspace: TheWorkspace, visitor: AnyVisitor, number: Number) -> Response:
    """One task: its note, and for admins all that can be changed."""
    return await _task(workspace, visitor, number)


@router.post("/{number}")
async def change(
    request: Request, workspace: TheWorkspace, visitor: AdminVisitor, number: Number, form: Annotated[TaskForm, Form()]
) -> Response:
    """Changes it; the person's desktop shows it within seconds."""
    check_token(request, visitor, form.csrf_token)
    try:
        await change_task(
            workspace.engine,
            visitor.company_id,
            number,
            title=form.title,
            description=form.description,
            due_date=form.due_date,
            employee_number=form.person,
        )
    except InvalidInput as error:
        return await _task(workspace, visitor, number, error)
    return RedirectResponse("/tasks", 303)


@router.post("/{number}/note")
async def write_note(
    request: Request, workspace: TheWorkspace, visitor: AnyVisitor, number: Number, form: Annotated[NoteForm, Form()]
) -> Response:
    """Writes its note, which whoever has the task and the company's admins see."""
    check_token(request, visitor, form.csrf_token)
    await note_task(workspace.engine, visitor.company_id, number, only_of=_only_of(visitor), note=form.note)
    return RedirectResponse("/tasks", 303)


@router.post("/{number}/delete")
async def delete(
    request: Request, workspace: TheWorkspace, visitor: AdminVisitor, number: Number, csrf_token: Text = ""
) -> Response:
    """Takes it away, from the person's desktop too."""
    check_token(request, visitor, csrf_token)
    await delete_task(workspace.engine, visitor.company_id, number)
    return RedirectResponse("/tasks", 303)


def _only_of(visitor: Visitor) -> UUID | None:
    """Whose tasks alone the visitor may see; None: everyone's."""
    return None if visitor.person.role == ADMIN else visitor.person.employee_id


async def _task(workspace: Workspace, visitor: Visitor, number: int, error: InvalidInput | None = None) -> Response:
    return render(
        "task.html",
        status_code=HTTP_STATUS[type(error)] if error else 200,
        person=visitor.person,
        shown=await open_task(workspace.engine, visitor.company_id, number, only_of=_only_of(visitor)),
        error=error.message if error else "",
    )
