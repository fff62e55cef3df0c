"""Tasks: given by admins, worked on by the person they were given to, whose token or session says who that is."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import InvalidInput, NotFound
from tracking.domain.rows import clean
from tracking.store import employees, tasks
from tracking.store.scope import company_scope
from tracking.store.tasks import Task, Updated

STATUSES = ("OPEN", "IN_PROGRESS", "DONE")
MOST_TASKS = 200  # that are shown; a tracker asks for them every five seconds
LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 2000


async def assign_task(
    engine: AsyncEngine,
    company_id: UUID,
    *,
    employee_number: int,
    assigned_by: UUID,
    title: str,
    description: str,
    due_date: date | None,
    now: datetime,
) -> None:
    """Gives a person of the company a task. InvalidInput: no title. NotFound: no such person."""
    title = title_of(title)
    async with company_scope(engine, company_id) as tx:
        person = await employees.by_number(tx, employee_number)
        if person is None or not person.active:
            raise NotFound("There is no such person in the company")
        await tasks.insert(
            tx,
            company_id,
            employee_id=person.employee_id,
            assigned_by=assigned_by,
            title=title,
            description=clean(description, LONGEST_DESCRIPTION).strip(),
            due_date=due_date,
            now=now,
        )


def title_of(text: str) -> str:
    """What is stored of it. InvalidInput: nothing."""
    title = clean(text, LONGEST_TITLE).strip()
    if not title:
        raise InvalidInput("a task needs a title")
    return title


async def list_tasks(engine: AsyncEngine, company_id: UUID, employee_id: UUID) -> list[Task]:
    """That person's tasks."""
    async with company_scope(engine, company_id) as tx:
        return await tasks.of_employee(tx, employee_id, limit=MOST_TASKS)


async def update_task(
    engine: AsyncEngine, company_id: UUID, employee_id: UUID, *, number: int, status: str, now: datetime
) -> Updated:
    """Changes the status of that person's task. InvalidInput: no such status. NotFound: not a task of theirs."""
    if status not in STATUSES:
        raise InvalidInput(f"status must be one of {', '.join(STATUSES)}")
    async with company_scope(engine, company_id) as tx:
        updated = await tasks.set_status(tx, employee_id, number, status=status, now=now)
    if updated is None:
        raise NotFound("There is no such task")
    return updated
