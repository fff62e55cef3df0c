"""Edits an account."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import InvalidInput, NotFound, Refused
from text_rules.lines import validate
from text_rules.zones import is_time_zone
from tracking.company.store import companies
from tracking.db.store.scope import company_scope
from tracking.people import store as employees
from tracking.people.store import Employee
from tracking.people.use_cases import check_role, identity
from tracking.sign_in.store import password_resets
from tracking.workspace.rules.editing import Editor, Stale, differences
from tracking.workspace.rules.visitors import ADMIN

MAX_DESIGNATION_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Edit:
    """The new values; an empty `time_zone` means the company's."""

    name: str
    email: str
    role: str
    designation: str = ""
    time_zone: str = ""

    @classmethod
    def of(cls, person: Employee) -> "Edit":
        """The current values."""
        return cls(person.name, person.email, person.role, person.designation, person.time_zone or "")


async def edit_employee(engine: AsyncEngine, company_id: UUID, number: int, edit: Edit, *, editor: Editor) -> None:
    """Saves the account of the person with that number; the days of totals keep the company's time zone.

    NotFound: no such person. Conflict: the e-mail is taken. Refused: the company would have no admin. Stale: somebody
    else saved it meanwhile.
    """
    name, email = identity(edit.name, edit.email)
    check_role(edit.role)
    designation = validate(edit.designation, "the job title", max_length=MAX_DESIGNATION_LENGTH, field="designation")
    if edit.time_zone and not is_time_zone(edit.time_zone):
        raise InvalidInput("the time zone must be one like Europe/Berlin", field="time_zone")
    async with company_scope(engine, company_id) as tx:
        person = await lock_person(tx, number)
        if person.version != editor.version:
            last = await employees.last_edit(tx, person.employee_id)
            raise Stale(last, differences(_words(Edit.of(person)), _words(edit)))
        if edit.role != ADMIN:
            await require_another_admin(tx, person)
        edited = replace(
            person,
            name=name,
            email=email,
            role=edit.role,
            designation=designation,
            time_zone=edit.time_zone or None,
        )
        await employees.update(tx, edited, changed_by=editor.employee_id)
        if edited.email != person.email:  # the address may belong to another person
            await password_resets.delete_of_employee(tx, person.employee_id)


def _words(edit: Edit) -> dict[str, str]:
    return {
        "Name": edit.name.strip(),
        "E-mail": edit.email.strip(),
        "Role": edit.role.lower(),
        "Job title": edit.designation.strip(),
        "Time zone": edit.time_zone,
    }


async def lock_person(tx: AsyncConnection, number: int) -> Employee:
    """The company's person with that number; locks the company, so that admins and seats cannot change.

    NotFound: there is none.
    """
    await companies.lock(tx)
    person = await employees.by_number(tx, number)
    if person is None:
        raise NotFound("There is no such person in the company")
    return person


async def require_another_admin(tx: AsyncConnection, person: Employee) -> None:
    """Refused: without this person the company has no active admin. The caller holds the company's lock."""
    if person.active and person.role == ADMIN and await employees.active_admins(tx) == 1:
        raise Refused("this is the company's last active admin; make somebody else an admin first")
