"""Accounts of a company's people."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import Conflict

_COLUMNS = "employee_id, number, name, email, role, password_hash, active"

_INSERT = text("""
    INSERT INTO employee (company_id, employee_id, name, email, email_digest, role, password_hash)
    VALUES (:company_id, :employee_id, :name, :email, :email_digest, :role, :password_hash)
""")

_BY_EMAIL = text(f"SELECT {_COLUMNS} FROM employee WHERE email_digest = :email_digest")

_BY_ID = text(f"SELECT {_COLUMNS} FROM employee WHERE employee_id = :employee_id")

_BY_NUMBER = text(f"SELECT {_COLUMNS} FROM employee WHERE number = :number")

_ALL = text(f"SELECT {_COLUMNS} FROM employee ORDER BY lower(name), number")

_SEATS_USED = text("SELECT count(*) FROM employee WHERE active")

_COMPANIES = text("SELECT DISTINCT company_id FROM employee ORDER BY company_id")

_COMPANIES_OF = text("SELECT company_id FROM employee WHERE email_digest = :email_digest")


@dataclass(frozen=True, slots=True)
class Employee:
    """One account. `number` is its id in the desktop protocol."""

    employee_id: UUID
    number: int
    name: str
    email: str
    role: str  # ADMIN or EMPLOYEE
    password_hash: str
    active: bool


def email_digest(email: str) -> bytes:
    """How accounts are found: letter case and surrounding blanks do not matter."""
    return sha256(email.strip().casefold().encode("utf-8", "replace")).digest()


async def insert(tx: AsyncConnection, company_id: UUID, employee: Employee) -> None:
    """Adds an account (its number is given by the database). Conflict when the e-mail is taken."""
    values = {
        "company_id": company_id,
        "employee_id": employee.employee_id,
        "name": employee.name,
        "email": employee.email,
        "email_digest": email_digest(employee.email),
        "role": employee.role,
        "password_hash": employee.password_hash,
    }
    try:
        await tx.execute(_INSERT, values)
    except IntegrityError as error:
        raise Conflict(f"{employee.email} has an account in this company already") from error


async def by_email(tx: AsyncConnection, email: str) -> Employee | None:
    """The scope's account with that e-mail."""
    row = (await tx.execute(_BY_EMAIL, {"email_digest": email_digest(email)})).one_or_none()
    return Employee(*row) if row else None


async def by_id(tx: AsyncConnection, employee_id: UUID) -> Employee | None:
    """The scope's account with that id."""
    row = (await tx.execute(_BY_ID, {"employee_id": employee_id})).one_or_none()
    return Employee(*row) if row else None


async def by_number(tx: AsyncConnection, number: int) -> Employee | None:
    """The scope's account with that number."""
    row = (await tx.execute(_BY_NUMBER, {"number": number})).one_or_none()
    return Employee(*row) if row else None


async def everyone(tx: AsyncConnection) -> list[Employee]:
    """All accounts of the scope, by name."""
    return [Employee(*row) for row in await tx.execute(_ALL)]


async def seats_used(tx: AsyncConnection) -> int:
    """Active accounts of the scope."""
    return int((await tx.execute(_SEATS_USED)).scalar_one())


async def companies_of(dispatch: AsyncEngine, email: str) -> list[UUID]:
    """Which companies have an account with that e-mail: all that the dispatch role may learn of it."""
    async with dispatch.begin() as tx:
        return list((await tx.execute(_COMPANIES_OF, {"email_digest": email_digest(email)})).scalars())


async def companies(dispatch: AsyncEngine) -> list[UUID]:
    """Every company that has an account, read with the dispatch role."""
    async with dispatch.begin() as tx:
        return list((await tx.execute(_COMPANIES)).scalars())
