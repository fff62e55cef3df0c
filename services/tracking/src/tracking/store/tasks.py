"""Tasks that admins give to people."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from servicekit.ids import new_id

_INSERT = text("""
    INSERT INTO task (company_id, task_id, employee_id, assigned_by, title, description, due_date, created_at)
    VALUES (:company_id, :task_id, :employee_id, :assigned_by, :title, :description, :due_date, :now)
""")

_OF_EMPLOYEE = text("""
    SELECT t.number, t.title, t.description, t.status, t.due_date, a.name, t.created_at, t.completed_at
    FROM task t JOIN employee a ON a.employee_id = t.assigned_by
    WHERE t.employee_id = :employee_id
    ORDER BY t.completed_at DESC NULLS FIRST, t.number LIMIT :limit
""")

_SET_STATUS = text("""
    UPDATE task SET status = :status,
        completed_at = CASE WHEN :status = 'DONE' THEN coalesce(completed_at, :now) END
    WHERE employee_id = :employee_id AND number = :number
    RETURNING completed_at
""")


@dataclass(frozen=True, slots=True)
class Task:
    """One task. `number` is its id in the desktop protocol, `assigned_by` a name."""

    number: int
    title: str
    description: str
    status: str  # OPEN, IN_PROGRESS or DONE
    due_date: date | None
    assigned_by: str
    created_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Updated:
    """A task's new state."""

    completed_at: datetime | None


async def insert(
    tx: AsyncConnection,
    company_id: UUID,
    *,
    employee_id: UUID,
    assigned_by: UUID,
    title: str,
    description: str,
    due_date: date | None,
    now: datetime,
) -> None:
    """Gives somebody of the scope a task."""
    values = {
        "company_id": company_id,
        "task_id": new_id(),
        "employee_id": employee_id,
        "assigned_by": assigned_by,
        "title": title,
        "description": description,
        "due_date": due_date,
        "now": now,
    }
    await tx.execute(_INSERT, values)


async def of_employee(tx: AsyncConnection, employee_id: UUID, *, limit: int) -> list[Task]:
    """One person's tasks: those to do in the order they were given, then those done, the latest first."""
    rows = await tx.execute(_OF_EMPLOYEE, {"employee_id": employee_id, "limit": limit})
    return [Task(*row) for row in rows]


async def set_status(
    tx: AsyncConnection, employee_id: UUID, number: int, *, status: str, now: datetime
) -> Updated | None:
    """Changes a task of that person; None when they have none with that number. Done again keeps the first time."""
    values = {"employee_id": employee_id, "number": number, "status": status, "now": now}
    row = (await tx.execute(_SET_STATUS, values)).one_or_none()
    return Updated(*row) if row else None
