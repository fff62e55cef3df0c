"""An employee signs in at a desktop: the company's key says where to look, the token says who is calling."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.passwords import verify_password
from credentials.tokens import new_token, token_digest
from servicekit.errors import Forbidden, NotAuthenticated
from servicekit.ids import new_id
from tracking.application.guard_sign_in import forgive, guarded, subjects
from tracking.domain.daybook import EmployeeTotals
from tracking.domain.days import day_of
from tracking.store import companies, devices, employee_days, employees
from tracking.store.employees import Employee
from tracking.store.scope import company_scope


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What the desktop is told. Numbers are ids of the desktop protocol."""

    employee_number: int
    company_number: int
    name: str
    email: str
    token: str  # shown this once; kept as a digest
    today: EmployeeTotals


async def check_password(engine: AsyncEngine, company_id: UUID, *, email: str, password: str, origin: str) -> Employee:
    """The account behind a log-in; `origin` is the address from which somebody tries.

    NotAuthenticated: no such account in this company, or another password. Forbidden: inactive. RateLimited: too many
    attempts; they are forgiven by the caller.
    """
    async with guarded(engine, company_id, subjects(email, origin)):
        async with company_scope(engine, company_id) as tx:
            employee = await employees.by_email(tx, email)
        if not await verify_password(employee.password_hash if employee else None, password) or employee is None:
            raise NotAuthenticated("Invalid email or password")
    if not employee.active:
        raise Forbidden("This account is inactive; ask your company's admin")
    return employee


async def log_in(
    engine: AsyncEngine, company_id: UUID, *, email: str, password: str, origin: str, now: datetime
) -> LoggedIn:
    """Opens a desktop tracker's device; errors as of `check_password`."""
    employee = await check_password(engine, company_id, email=email, password=password, origin=origin)
    token = new_token()
    async with company_scope(engine, company_id) as tx:
        company = await companies.get(tx)
        if company is None:
            raise NotAuthenticated("Invalid email or password")
        if not await employees.hold(tx, employee):  # changed or deactivated since the password was looked at
            raise NotAuthenticated("Invalid email or password")
        await forgive(tx, subjects(email, origin))
        await devices.insert(
            tx,
            company_id,
            device_id=new_id(),
            employee_id=employee.employee_id,
            token_digest=token_digest(token),
            logged_in_at=now,
        )
        day = day_of(now, company.time_zone)
        days = await employee_days.read(tx, [(employee.employee_id, day)])
    return LoggedIn(
        employee_number=employee.number,
        company_number=company.number,
        name=employee.name,
        email=employee.email,
        token=token,
        today=days.get((employee.employee_id, day), EmployeeTotals()),
    )
