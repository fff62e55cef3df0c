"""The desktop protocol's calls about tasks. The token identifies the person; ids in the body are ignored."""

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.devices.api.desktop import DeviceGateway, device_of
from tracking.protocols.calls import Call
from tracking.protocols.desktop import Reply, id_in, ok, text_in
from tracking.tasks.store import Task
from tracking.tasks.use_cases.tasks import list_tasks, update_task


class TaskGateway(DeviceGateway, Protocol):
    """What the calls of this module need."""

    @property
    def engine(self) -> AsyncEngine: ...


async def call_get_tasks(gateway: TaskGateway, call: Call) -> Reply:
    """`active_token`: the tasks of the person who is signed in."""
    device = await device_of(gateway, call, call.fields.get("active_token"))
    tasks = await list_tasks(gateway.engine, call.company.company_id, device.employee_id)
    return ok("Tasks", data=[_to_wire(task) for task in tasks.rows])


async def call_update_task(gateway: TaskGateway, call: Call) -> Reply:
    """`active_token`, `task_id`, `status`: one of the tracker's code paths omits the token, and gets its 401."""
    device = await device_of(gateway, call, call.fields.get("active_token"))
    number, status = id_in(call.fields, "task_id"), text_in(call.fields, "status")
    updated = await update_task(
        gateway.engine,
        call.company.company_id,
        device.employee_id,
        number=number,
        status=status,
        now=call.received_at,
    )
    return ok("Task updated", data={"id": number, "status": status, "completed_at": _iso(updated.completed_at)})


def _to_wire(task: Task) -> dict[str, Any]:
    return {
        "id": task.number,
        "title": task.title,
        "description": task.description,
        "status": task.status,
        "due_date": task.due_date.isoformat() if task.due_date else None,
        "assigned_by": task.assigned_by,
        "created_at": task.created_at.isoformat(),
        "completed_at": _iso(task.completed_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
