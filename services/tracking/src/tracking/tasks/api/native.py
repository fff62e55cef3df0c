"""The native API's calls about tasks."""

from datetime import date, datetime
from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel

from tracking.devices.api.native import EngineGateway, TheCaller, TheDevice, company_key, credential, get_native
from tracking.tasks.store import Task
from tracking.tasks.use_cases.tasks import list_tasks, update_task
from tracking.workspace.rules.paging import MAX_POSITION_LENGTH


class TaskNative(Protocol):
    """What the calls of this module need."""

    @property
    def gateway(self) -> EngineGateway: ...


TheNative = Annotated[TaskNative, Depends(get_native)]
router = APIRouter(prefix="/v1", tags=["native"], dependencies=[company_key])


class ShownTask(BaseModel):
    """A task."""

    id: int
    title: str
    description: str
    status: Literal["OPEN", "IN_PROGRESS", "DONE"]
    due_date: date | None
    assigned_by: str
    created_at: datetime
    completed_at: datetime | None


class TaskChange(BaseModel):
    """The task's new status."""

    status: Literal["OPEN", "IN_PROGRESS", "DONE"]


class ChangedTask(BaseModel):
    """The task's status after the change."""

    id: int
    status: str
    completed_at: datetime | None


@router.get("/tasks", dependencies=[credential])
async def tasks(
    native: TheNative,
    caller: TheCaller,
    device: TheDevice,
    response: Response,
    after: Annotated[
        str, Query(max_length=MAX_POSITION_LENGTH, description="of the next page, from the header Link")
    ] = "",
) -> list[ShownTask]:
    """The tasks of the person whose device it is: those to do first, the newest of them first. At most 200; where there
    are more, the header `Link` holds the address of the next page.
    """
    found = await list_tasks(native.gateway.engine, caller.company.company_id, device.employee_id, after=after)
    if found.after:
        response.headers["link"] = f'</v1/tasks?after={found.after}>; rel="next"'
    return [_shown(task) for task in found.rows]


@router.patch("/tasks/{number}", dependencies=[credential])
async def change_task(
    native: TheNative,
    caller: TheCaller,
    device: TheDevice,
    number: Annotated[int, Path(gt=0, lt=2**63)],
    change: TaskChange,
) -> ChangedTask:
    """Changes the status of one of that person's tasks."""
    updated = await update_task(
        native.gateway.engine,
        caller.company.company_id,
        device.employee_id,
        number=number,
        status=change.status,
        now=caller.received_at,
    )
    return ChangedTask(id=number, status=change.status, completed_at=updated.completed_at)


def _shown(task: Task) -> ShownTask:
    return ShownTask(
        id=task.number,
        title=task.title,
        description=task.description,
        status=task.status,
        due_date=task.due_date,
        assigned_by=task.assigned_by,
        created_at=task.created_at,
        completed_at=task.completed_at,
    )
