"""Rows of tasks."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from servicekit.ids import new_id
from tracking.workspace.rules.editing import LastEdit
from tracking.workspace.rules.paging import Position

_INSERT = text("""
    INSERT INTO task (company_id, task_id, employee_id, assigned_by, title, description, due_date, created_at)
    VALUES (:company_id, :task_id, :employee_id, :assigned_by, :title, :description, :due_date, :now)
""")

_COLUMNS = """
    t.number, t.title, t.description, t.status, t.due_date, a.name AS assigned_by, t.created_at, t.started_at,
    t.completed_at, t.note, t.version, t.note_version, t.task_id
"""

# Open tasks, newest first, then completed ones, latest first. Ids are in the order of creation.
_ORDER = "ORDER BY t.completed_at DESC NULLS FIRST, t.task_id DESC"
_AFTER = """
    (CAST(:after_id AS uuid) IS NULL
     OR (CAST(:after_moment AS timestamptz) IS NULL AND (t.completed_at IS NOT NULL OR t.task_id < :after_id))
     OR (t.completed_at, t.task_id) < (CAST(:after_moment AS timestamptz), CAST(:after_id AS uuid)))
"""

_OF_EMPLOYEE = text(f"""
    SELECT {_COLUMNS} FROM task t JOIN employee a ON a.employee_id = t.assigned_by
    WHERE t.employee_id = :employee_id AND {_AFTER}
    {_ORDER} LIMIT :limit
""")

_SET_STATUS = text("""
    UPDATE task SET status = :status,
        started_at = coalesce(started_at, CASE WHEN :status = 'IN_PROGRESS' THEN CAST(:now AS timestamptz) END),
        completed_at = CASE WHEN :status = 'DONE' THEN coalesce(completed_at, :now) END
    WHERE employee_id = :employee_id AND number = :number
    RETURNING completed_at
""")

_GIVEN = f"""
    SELECT w.number AS employee_number, w.name AS employee, {_COLUMNS} FROM task t
    JOIN employee w ON w.employee_id = t.employee_id JOIN employee a ON a.employee_id = t.assigned_by
"""

_BROWSE = text(f"""
    {_GIVEN}
    WHERE (CAST(:employee_id AS uuid) IS NULL OR t.employee_id = :employee_id)
      AND (CAST(:employee_number AS bigint) IS NULL OR w.number = :employee_number)
      AND (CAST(:status AS text) IS NULL OR t.status = :status) AND {_AFTER}
    {_ORDER} LIMIT :limit
""")

_BY_NUMBER = text(f"""
    {_GIVEN}
    WHERE t.number = :number AND (CAST(:employee_id AS uuid) IS NULL OR t.employee_id = :employee_id)
""")

_SET_NOTE = text("""
    UPDATE task SET note = :note, note_version = note_version + 1, note_by = :by, note_at = now()
    WHERE number = :number
""")

_CHANGE = text("""
    UPDATE task SET employee_id = :employee_id, title = :title, description = :description, due_date = :due_date,
        version = version + 1, changed_by = :by, changed_at = now()
    WHERE number = :number
""")

_HOLD = text("SELECT 1 FROM task WHERE number = :number FOR NO KEY UPDATE")

_LAST_EDITS = text("""
    SELECT t.version, c.name AS changed_by, t.changed_at, t.note_version, n.name AS note_by, t.note_at
    FROM task t LEFT JOIN employee c ON c.employee_id = t.changed_by LEFT JOIN employee n ON n.employee_id = t.note_by
    WHERE t.number = :number
""")

_DELETE = text("DELETE FROM task WHERE number = :number")


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
    started_at: datetime | None  # the first time it was IN_PROGRESS
    completed_at: datetime | None
    note: str  # written by its person or an admin
    version: int  # of the fields that admins change
    note_version: int
    task_id: UUID

    @property
    def position(self) -> Position:
        """Its place in lists."""
        return Position(self.completed_at, self.task_id)


@dataclass(frozen=True, slots=True)
class AssignedTask:
    """A task, and the number and name of its person."""

    employee_number: int
    employee: str
    task: Task


@dataclass(frozen=True, slots=True)
class TaskUpdate:
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
    """Inserts a task of one of the company's people."""
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


async def of_employee(
    tx: AsyncConnection, employee_id: UUID, *, limit: int, after: Position | None = None
) -> list[Task]:
    """A person's tasks after that position: open ones, newest first, then completed ones, latest first."""
    rows = await tx.execute(_OF_EMPLOYEE, {"employee_id": employee_id, "limit": limit} | _after(after))
    return [Task(**row._mapping) for row in rows]


async def set_status(
    tx: AsyncConnection, employee_id: UUID, number: int, *, status: str, now: datetime
) -> TaskUpdate | None:
    """Changes a task of that person; None if they have none with that number. A completed task keeps its first
    completion.
    """
    values = {"employee_id": employee_id, "number": number, "status": status, "now": now}
    row = (await tx.execute(_SET_STATUS, values)).one_or_none()
    return TaskUpdate(**row._mapping) if row else None


def _after(position: Position | None) -> dict[str, object]:
    return {"after_moment": position.moment if position else None, "after_id": position.row_id if position else None}


def _given(row: Row[Any]) -> AssignedTask:
    task = dict(row._mapping)
    return AssignedTask(task.pop("employee_number"), task.pop("employee"), Task(**task))


async def browse(
    tx: AsyncConnection,
    *,
    employee_id: UUID | None,
    employee_number: int | None,
    status: str | None,
    limit: int,
    after: Position | None,
) -> list[AssignedTask]:
    """The company's tasks of that person and status (None: any), ordered like a person's."""
    asked = {"employee_id": employee_id, "employee_number": employee_number, "status": status, "limit": limit}
    values = asked | _after(after)
    return [_given(row) for row in await tx.execute(_BROWSE, values)]


async def by_number(tx: AsyncConnection, number: int, *, employee_id: UUID | None = None) -> AssignedTask | None:
    """The company's task with that number, if it belongs to that person (None: anybody)."""
    row = (await tx.execute(_BY_NUMBER, {"number": number, "employee_id": employee_id})).one_or_none()
    return _given(row) if row else None


async def lock(tx: AsyncConnection, number: int) -> None:
    """Locks the task with that number, if there is one, until the transaction ends."""
    await tx.execute(_HOLD, {"number": number})


async def last_edits(tx: AsyncConnection, number: int) -> tuple[LastEdit, LastEdit]:
    """Who last changed the task, and who last wrote its note."""
    row = (await tx.execute(_LAST_EDITS, {"number": number})).one()
    return LastEdit(row.version, row.changed_by, row.changed_at), LastEdit(row.note_version, row.note_by, row.note_at)


async def change(
    tx: AsyncConnection,
    number: int,
    *,
    by: UUID,
    employee_id: UUID,
    title: str,
    description: str,
    due_date: date | None,
) -> None:
    """Changes the content of the task and its person."""
    values = {"employee_id": employee_id, "title": title, "description": description, "due_date": due_date}
    await tx.execute(_CHANGE, values | {"number": number, "by": by})


async def set_note(tx: AsyncConnection, number: int, note: str, *, by: UUID) -> None:
    """Saves the note of the task."""
    await tx.execute(_SET_NOTE, {"number": number, "note": note, "by": by})


async def delete(tx: AsyncConnection, number: int) -> bool:
    """Deletes a task; False if the company has none with that number."""
    return (await tx.execute(_DELETE, {"number": number})).rowcount > 0
