"""Tasks in the workspace: employees see their own and write notes to them; admins change and delete the company's."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import InvalidInput, NotFound
from tracking.company.store import companies
from tracking.db.store.scope import company_scope
from tracking.people import store as employees
from tracking.people.store import Employee
from tracking.tasks import store as tasks
from tracking.tasks.store import AssignedTask
from tracking.tasks.use_cases.tasks import details_of, title_of
from tracking.workspace.rules.editing import Editor, Stale, differences
from tracking.workspace.rules.paging import Page, page_of, position_of

TASKS_PER_PAGE = 100
NO_SUCH_TASK = "There is no such task"


@dataclass(frozen=True, slots=True)
class TaskBoard:
    """One page of tasks, and the people who may have tasks."""

    time_zone: str
    page: Page[AssignedTask]
    people: list[Employee]


@dataclass(frozen=True, slots=True)
class OpenedTask:
    """One task, and the people to whom the viewer may assign it."""

    given: AssignedTask
    people: list[Employee]


async def browse_tasks(
    engine: AsyncEngine,
    company_id: UUID,
    *,
    only_of: UUID | None,
    employee_number: int | None,
    status: str | None,
    after: str = "",
) -> TaskBoard:
    """One page of the matching tasks, beginning `after` another; `only_of`: the person whose tasks are visible."""
    begin = position_of(after, may_be_open=True)
    async with company_scope(engine, company_id) as tx:
        company = await companies.get(tx)
        found = await tasks.browse(
            tx,
            employee_id=only_of,
            employee_number=employee_number,
            status=status,
            limit=TASKS_PER_PAGE + 1,
            after=begin,
        )
        people = [person for person in await employees.everyone(tx) if only_of in (None, person.employee_id)]
    page = page_of(found, TASKS_PER_PAGE, lambda given: given.task.position)
    return TaskBoard(company.time_zone if company else "UTC", page, people)


async def open_task(engine: AsyncEngine, company_id: UUID, number: int, *, only_of: UUID | None) -> OpenedTask:
    """The company's task with that number. NotFound: there is none, or it belongs to somebody else than `only_of`."""
    async with company_scope(engine, company_id) as tx:
        given = await tasks.by_number(tx, number, employee_id=only_of)
        people = [] if only_of else await employees.everyone(tx)
    if given is None:
        raise NotFound(NO_SUCH_TASK)
    return OpenedTask(given, [one for one in people if one.active or one.number == given.employee_number])


async def change_task(
    engine: AsyncEngine,
    company_id: UUID,
    number: int,
    *,
    editor: Editor,
    title: str,
    description: str,
    due_date: date | None,
    employee_number: int,
) -> None:
    """Changes a task's content, due date and person; it may stay with an inactive person, but not be assigned to one.

    InvalidInput: no title, too long, or no such person. NotFound: no such task. Stale: somebody else changed it
    meanwhile.
    """
    title, description = title_of(title), details_of(description)
    async with company_scope(engine, company_id) as tx:
        await tasks.lock(tx, number)
        given = await tasks.by_number(tx, number)
        person = await employees.by_number(tx, employee_number)
        if given is None:
            raise NotFound(NO_SUCH_TASK)
        if given.task.version != editor.version:
            last, _ = await tasks.last_edits(tx, number)
            saved = _words(given.task.title, given.task.description, given.task.due_date, given.employee)
            whose = person.name if person and person.number != given.employee_number else given.employee
            raise Stale(last, differences(saved, _words(title, description, due_date, whose)))
        if person is None or not (person.active or person.number == given.employee_number):
            raise InvalidInput("There is no such person in the company", field="person")
        await tasks.change(
            tx,
            number,
            by=editor.employee_id,
            employee_id=person.employee_id,
            title=title,
            description=description,
            due_date=due_date,
        )


def _words(title: str, description: str, due_date: date | None, person: str) -> dict[str, str]:
    return {"Title": title, "Description": description, "Due": str(due_date or ""), "Person": person}


async def note_task(
    engine: AsyncEngine, company_id: UUID, number: int, *, editor: Editor, only_of: UUID | None, note: str
) -> None:
    """Replaces a task's note.

    InvalidInput: too long. NotFound: no such task, or of somebody else than `only_of`. Stale: somebody else wrote one
    meanwhile.
    """
    note = details_of(note, "note")
    async with company_scope(engine, company_id) as tx:
        await tasks.lock(tx, number)
        given = await tasks.by_number(tx, number, employee_id=only_of)
        if given is None:
            raise NotFound(NO_SUCH_TASK)
        if given.task.note_version != editor.version:
            _, last = await tasks.last_edits(tx, number)
            raise Stale(last, differences({"Note": given.task.note}, {"Note": note}))
        await tasks.set_note(tx, number, note, by=editor.employee_id)


async def delete_task(engine: AsyncEngine, company_id: UUID, number: int) -> None:
    """Deletes a task. NotFound: there is none."""
    async with company_scope(engine, company_id) as tx:
        if not await tasks.delete(tx, number):
            raise NotFound(NO_SUCH_TASK)
