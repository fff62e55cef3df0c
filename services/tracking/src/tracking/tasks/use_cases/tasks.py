"""Assigns tasks, lists a person's tasks, and changes their status."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import InvalidInput, NotFound, Refused
from text_rules.lines import validate
from tracking.db.store.scope import company_scope
from tracking.people import store as employees
from tracking.tasks import store as tasks
from tracking.tasks.store import Task, TaskUpdate
from tracking.workspace.rules.paging import Page, page_of, position_of
from tracking.workspace.rules.submissions import Submission
from tracking.workspace.use_cases import earlier_result

STATUSES = ("OPEN", "IN_PROGRESS", "DONE")
MAX_TASKS = 200  # tasks of a page; a tracker requests the first page every five seconds
MAX_TITLE_LENGTH = 200
MAX_DETAILS_LENGTH = 2000  # characters of a description or a note


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
    submission: Submission | None = None,
) -> None:
    """Assigns a task to a person of the company; repetitions of the `submission` have no effect.

    InvalidInput: no title, too long. NotFound: no such person. Conflict: as in `earlier_result`.
    """
    title, description = title_of(title), details_of(description)
    async with company_scope(engine, company_id) as tx:
        if await earlier_result(tx, company_id, submission) is not None:
            return
        person = await employees.by_number(tx, employee_number)
        if person is None:
            raise NotFound("There is no such person in the company")
        if not person.active:
            raise Refused(f"{person.name}'s account is inactive; reactivate it first, or choose somebody else")
        await tasks.insert(
            tx,
            company_id,
            employee_id=person.employee_id,
            assigned_by=assigned_by,
            title=title,
            description=description,
            due_date=due_date,
            now=now,
        )


def title_of(text: str) -> str:
    """The title as it is stored. InvalidInput: empty or too long."""
    return validate(text, "the title", max_length=MAX_TITLE_LENGTH, required=True, field="title")


def details_of(text: str, name: str = "description") -> str:
    """A description or note as it is stored, which may be empty. InvalidInput: too long."""
    return validate(text, f"the {name}", max_length=MAX_DETAILS_LENGTH, multiline=True, field=name)


async def list_tasks(engine: AsyncEngine, company_id: UUID, employee_id: UUID, *, after: str = "") -> Page[Task]:
    """One page of a person's tasks: open ones first, newest first. InvalidInput: no such page."""
    begin = position_of(after, may_be_open=True)
    async with company_scope(engine, company_id) as tx:
        found = await tasks.of_employee(tx, employee_id, limit=MAX_TASKS + 1, after=begin)
    return page_of(found, MAX_TASKS, lambda task: task.position)


async def update_task(
    engine: AsyncEngine, company_id: UUID, employee_id: UUID, *, number: int, status: str, now: datetime
) -> TaskUpdate:
    """Changes the status of a person's task. InvalidInput: no such status. NotFound: they have no such task."""
    if status not in STATUSES:
        raise InvalidInput(f"status must be one of {', '.join(STATUSES)}", field="status")
    async with company_scope(engine, company_id) as tx:
        updated = await tasks.set_status(tx, employee_id, number, status=status, now=now)
    if updated is None:
        raise NotFound("There is no such task")
    return updated
