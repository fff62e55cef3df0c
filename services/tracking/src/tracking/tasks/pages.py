"""Pages of tasks: employees see their own and write notes to them; admins see, change and delete the company's."""

from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, BeforeValidator
from starlette.responses import RedirectResponse, Response

from servicekit.errors import InvalidInput, http_status
from tracking.tasks.store import AssignedTask
from tracking.tasks.use_cases.edit_tasks import browse_tasks, change_task, delete_task, note_task, open_task
from tracking.tasks.use_cases.tasks import STATUSES
from tracking.workspace.pages.forms import After, IdempotencyKey, Number, Version, Whole, date_of, version_for
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import AdminVisitor, AnyVisitor, TheWorkspace, Visitor, Workspace
from tracking.workspace.rules.editing import Editor, Stale
from tracking.workspace.rules.visitors import ADMIN

router = APIRouter(prefix="/tasks")
EMPTY = BeforeValidator(lambda text: text or None)  # browsers send an empty field as well
Person = Annotated[Whole | None, EMPTY, Query()]
Status = Annotated[Literal["OPEN", "IN_PROGRESS", "DONE"] | None, EMPTY, Query()]


class TaskForm(BaseModel):
    """A new task. The use case checks the limits, so that the form keeps what was typed."""

    title: str
    description: str = ""
    due_date: str = ""
    once: IdempotencyKey = ""


class ChangeForm(TaskForm):
    """A changed task; `person` is the number of the person who has it."""

    person: Whole
    version: Version


class NoteForm(BaseModel):
    """The note of a task."""

    note: str = ""
    version: Version


@router.get("")
async def tasks_page(
    workspace: TheWorkspace, visitor: AnyVisitor, person: Person = None, status: Status = None, after: After = ""
) -> Response:
    """The company's tasks for its admins, an employee's own tasks otherwise."""
    shown = await browse_tasks(
        workspace.engine,
        visitor.company_id,
        only_of=_only_of(visitor),
        employee_number=person,
        status=status,
        after=after,
    )
    chosen = {"person": person or "", "status": status or ""}
    return render(
        "task_list.html",
        person=visitor.person,
        shown=shown,
        statuses=STATUSES,
        chosen_person=person,
        chosen_status=status,
        newest=urlencode(chosen) if after else "",
        older=urlencode(chosen | {"after": shown.page.after}) if shown.page.after else "",
    )


@router.get("/{number}")
async def task_page(workspace: TheWorkspace, visitor: AnyVisitor, number: Number) -> Response:
    """One task with its note, and for admins the form to change it."""
    return await _task(workspace, visitor, number)


@router.post("/{number}")
async def change(
    workspace: TheWorkspace,
    visitor: AdminVisitor,
    number: Number,
    form: Annotated[ChangeForm, Form()],
) -> Response:
    """Changes the task; the person's desktop shows it within seconds."""
    try:
        await change_task(
            workspace.engine,
            visitor.company_id,
            number,
            editor=Editor(visitor.person.employee_id, form.version),
            title=form.title,
            description=form.description,
            due_date=date_of(form.due_date, "due_date"),
            employee_number=form.person,
        )
    except (InvalidInput, Stale) as error:
        return await _task(workspace, visitor, number, error=error, typed=form)
    return RedirectResponse("/tasks", 303)


@router.post("/{number}/note")
async def write_note(
    workspace: TheWorkspace, visitor: AnyVisitor, number: Number, form: Annotated[NoteForm, Form()]
) -> Response:
    """Saves the task's note, which its person and the company's admins see."""
    try:
        await note_task(
            workspace.engine,
            visitor.company_id,
            number,
            editor=Editor(visitor.person.employee_id, form.version),
            only_of=_only_of(visitor),
            note=form.note,
        )
    except (InvalidInput, Stale) as error:
        return await _task(workspace, visitor, number, error=error, note=form)
    return RedirectResponse("/tasks", 303)


@router.post("/{number}/delete")
async def delete(workspace: TheWorkspace, visitor: AdminVisitor, number: Number) -> Response:
    """Deletes the task, from the person's desktop too."""
    await delete_task(workspace.engine, visitor.company_id, number)
    return RedirectResponse("/tasks", 303)


def _only_of(visitor: Visitor) -> UUID | None:
    """The person whose tasks alone the visitor may see; None: everyone's."""
    return None if visitor.person.role == ADMIN else visitor.person.employee_id


async def _task(
    workspace: Workspace,
    visitor: Visitor,
    number: int,
    *,
    error: InvalidInput | Stale | None = None,
    typed: ChangeForm | None = None,
    note: NoteForm | None = None,
) -> Response:
    """The page of a task; after an error it shows what was typed."""
    shown = await open_task(workspace.engine, visitor.company_id, number, only_of=_only_of(visitor))
    return render(
        "task.html",
        status_code=http_status(error) if error else 200,
        person=visitor.person,
        shown=shown,
        says=typed or _as_typed(shown.given),
        note=note.note if note else shown.given.task.note,
        version=version_for(error if typed else None, typed, shown.given.task.version),
        note_version=version_for(error if note else None, note, shown.given.task.note_version),
        error=error,
    )


def _as_typed(given: AssignedTask) -> ChangeForm:
    task = given.task
    return ChangeForm(
        title=task.title,
        description=task.description,
        due_date=str(task.due_date or ""),
        person=given.employee_number,
        version=task.version,
    )
