"""Accounts of a company's people."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import Conflict
from text_rules.addresses import email_key
from text_rules.ordering import sort_key
from tracking.workspace.rules.editing import LastEdit

_COLUMNS = "employee_id, number, name, email, role, password_hash, active, designation, time_zone, version"

_INSERT = text("""
    INSERT INTO employee (company_id, employee_id, name, email, email_digest, role, password_hash)
    VALUES (:company_id, :employee_id, :name, :email, :email_digest, :role, :password_hash)
""")

_BY_EMAIL = text(f"SELECT {_COLUMNS} FROM employee WHERE email_digest = :email_digest")

_HOLD_BY_EMAIL = text(f"SELECT {_COLUMNS} FROM employee WHERE email_digest = :email_digest FOR SHARE")

_BY_ID = text(f"SELECT {_COLUMNS} FROM employee WHERE employee_id = :employee_id")

_BY_NUMBER = text(f"SELECT {_COLUMNS} FROM employee WHERE number = :number")

_ALL = text(f"SELECT {_COLUMNS} FROM employee ORDER BY employee_id")

_UPDATE = text("""
    UPDATE employee SET name = :name, email = :email, email_digest = :email_digest, role = :role,
        designation = :designation, time_zone = :time_zone, version = version + 1, changed_by = :changed_by,
        changed_at = now(), email_at = CASE WHEN email_digest = :email_digest THEN email_at ELSE now() END
    WHERE employee_id = :employee_id
""")

_LAST_EDIT = text("""
    SELECT e.version, b.name AS by, e.changed_at AS at
    FROM employee e LEFT JOIN employee b ON b.company_id = e.company_id AND b.employee_id = e.changed_by
    WHERE e.employee_id = :employee_id
""")

_SET_ACTIVE = text("UPDATE employee SET active = :active WHERE employee_id = :employee_id")

_SET_PASSWORD = text("""
    UPDATE employee SET password_hash = :password_hash
    WHERE employee_id = :employee_id AND password_hash = :instead_of RETURNING 1
""")

_UPGRADE = text("""
    UPDATE employee SET password_hash = :better
    WHERE employee_id = :employee_id AND password_hash IN (:password_hash, :better) AND active RETURNING 1
""")

_TO_SIGN_IN = text(f"SELECT company_id, known, {_COLUMNS} FROM sign_in.accounts(:email_digest, :place, :company_id)")

_SALT_KEY = text("SELECT key FROM sign_in.salt_key")

_HOLD = text("""
    SELECT 1 FROM employee WHERE employee_id = :employee_id AND password_hash = :password_hash AND active FOR SHARE
""")

_ACTIVE_ADMINS = text("SELECT count(*) FROM employee WHERE active AND role = 'ADMIN'")

_FIRST_ADMIN = text(f"""
    SELECT {_COLUMNS} FROM employee WHERE active AND role = 'ADMIN' ORDER BY created_at, employee_id LIMIT 1
""")


_COMPANIES = text("SELECT DISTINCT company_id FROM employee ORDER BY company_id")

_COMPANIES_OF = text("SELECT company_id FROM employee WHERE email_digest = :email_digest")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that a sign-in may refer to. `known`: the sign-in comes from a place where the account was used
    before.
    """

    company_id: UUID
    known: bool
    employee: "Employee"


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
    designation: str = ""
    time_zone: str | None = None  # for displayed times; None: the company's
    version: int = 1  # of the fields that an admin may edit


def email_digest(email: str) -> bytes:
    """The key by which accounts are found; `text_rules.addresses` decides which addresses are equal."""
    return sha256(email_key(email).encode("utf-8", "replace")).digest()


async def insert(tx: AsyncConnection, company_id: UUID, employee: Employee) -> None:
    """Inserts an account; the database assigns its number. Conflict: the e-mail is taken."""
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
        raise Conflict(f"{employee.email} has an account in this company already", field="email") from error


async def update(tx: AsyncConnection, employee: Employee, *, changed_by: UUID) -> None:
    """Saves the fields that an admin may edit, as the next version. Conflict: the e-mail is taken."""
    values = {
        "employee_id": employee.employee_id,
        "name": employee.name,
        "email": employee.email,
        "email_digest": email_digest(employee.email),
        "role": employee.role,
        "designation": employee.designation,
        "time_zone": employee.time_zone,
        "changed_by": changed_by,
    }
    try:
        await tx.execute(_UPDATE, values)
    except IntegrityError as error:
        raise Conflict(f"{employee.email} has an account in this company already", field="email") from error


async def last_edit(tx: AsyncConnection, employee_id: UUID) -> LastEdit:
    """Who last edited the account."""
    return LastEdit(**(await tx.execute(_LAST_EDIT, {"employee_id": employee_id})).one()._mapping)


async def set_active(tx: AsyncConnection, employee_id: UUID, *, active: bool) -> None:
    """Activates or deactivates the account; an active one takes a seat."""
    await tx.execute(_SET_ACTIVE, {"employee_id": employee_id, "active": active})


async def set_password(tx: AsyncConnection, employee: Employee, password_hash: str) -> bool:
    """Replaces the password that `employee` was read with. False, with no change: it has another by now."""
    values = {
        "employee_id": employee.employee_id,
        "password_hash": password_hash,
        "instead_of": employee.password_hash,
    }
    return (await tx.execute(_SET_PASSWORD, values)).one_or_none() is not None


async def lock(tx: AsyncConnection, employee: Employee) -> bool:
    """Whether the account is active and has the password it was read with; locks both until the transaction ends."""
    values = {"employee_id": employee.employee_id, "password_hash": employee.password_hash}
    return (await tx.execute(_HOLD, values)).one_or_none() is not None


async def upgrade(tx: AsyncConnection, employee: Employee, better: str) -> bool:
    """Replaces the hash of an unchanged password. False, with no change: the account is inactive or has another
    password.
    """
    values = {"employee_id": employee.employee_id, "password_hash": employee.password_hash, "better": better}
    return (await tx.execute(_UPGRADE, values)).one_or_none() is not None


async def to_sign_in(
    tx: AsyncConnection, email: str, *, place: bytes, company_id: UUID | None = None
) -> list[Candidate]:
    """The accounts with an e-mail in all companies or in one; the earliest holder comes first."""
    values = {"email_digest": email_digest(email), "place": place, "company_id": company_id}
    rows = await tx.execute(_TO_SIGN_IN, values)
    found = [dict(row._mapping) for row in rows]
    return [Candidate(row.pop("company_id"), row.pop("known"), Employee(**row)) for row in found]


async def salt_key(tx: AsyncConnection) -> bytes:
    """The secret from which salts are derived."""
    return bytes((await tx.execute(_SALT_KEY)).scalar_one())


async def active_admins(tx: AsyncConnection) -> int:
    """The number of the company's active admins."""
    return int((await tx.execute(_ACTIVE_ADMINS)).scalar_one())


async def first_admin(tx: AsyncConnection) -> Employee | None:
    """The active admin of the company whose account is the oldest."""
    row = (await tx.execute(_FIRST_ADMIN)).one_or_none()
    return Employee(**row._mapping) if row else None


async def by_email(tx: AsyncConnection, email: str) -> Employee | None:
    """The company's account with that e-mail."""
    row = (await tx.execute(_BY_EMAIL, {"email_digest": email_digest(email)})).one_or_none()
    return Employee(**row._mapping) if row else None


async def lock_by_email(tx: AsyncConnection, email: str) -> Employee | None:
    """The same account; nobody can edit it until the transaction ends."""
    row = (await tx.execute(_HOLD_BY_EMAIL, {"email_digest": email_digest(email)})).one_or_none()
    return Employee(**row._mapping) if row else None


async def by_id(tx: AsyncConnection, employee_id: UUID) -> Employee | None:
    """The company's account with that id."""
    row = (await tx.execute(_BY_ID, {"employee_id": employee_id})).one_or_none()
    return Employee(**row._mapping) if row else None


async def by_number(tx: AsyncConnection, number: int) -> Employee | None:
    """The company's account with that number."""
    row = (await tx.execute(_BY_NUMBER, {"number": number})).one_or_none()
    return Employee(**row._mapping) if row else None


async def everyone(tx: AsyncConnection) -> list[Employee]:
    """All accounts of the company, by name."""
    found = [Employee(**row._mapping) for row in await tx.execute(_ALL)]
    return sorted(found, key=lambda person: sort_key(person.name))


async def companies_of(dispatch: AsyncEngine, email: str) -> list[UUID]:
    """The companies that have an account with that e-mail, which is all that the dispatch role can read of it."""
    async with dispatch.begin() as tx:
        return list((await tx.execute(_COMPANIES_OF, {"email_digest": email_digest(email)})).scalars())


async def companies(dispatch: AsyncEngine) -> list[UUID]:
    """Every company that has an account, read with the dispatch role."""
    async with dispatch.begin() as tx:
        return list((await tx.execute(_COMPANIES)).scalars())
