"""Signs in at a desktop: the company key selects the company, and the new device's token identifies later calls."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.tokens import new_token, token_digest
from servicekit.errors import Forbidden, InvalidInput, NotAuthenticated
from servicekit.ids import new_id
from text_rules.lines import clean_reported, tidy
from tracking.clock.rules.days import day_of
from tracking.company.store import companies
from tracking.db.store.scope import company_scope
from tracking.devices.store import devices
from tracking.devices.use_cases.devices import MAX_NAME_LENGTH
from tracking.sign_in.use_cases.check_password import OpenedAccount, open_accounts
from tracking.sign_in.use_cases.throttle import Place
from tracking.totals.rules.daybook import EmployeeTotals
from tracking.totals.store import employee_days

WRONG = "Invalid email or password"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The response for the desktop. Numbers are ids of the desktop protocol."""

    employee_number: int
    company_number: int
    name: str
    email: str
    token: str  # shown once; stored as a digest
    today: EmployeeTotals


async def check_password(
    engine: AsyncEngine, company_id: UUID, *, email: str, password: str, origin: str
) -> OpenedAccount:
    """The account of a log-in; `origin` is the caller's address.

    NotAuthenticated: no such account in this company, or a wrong password. Forbidden: the account is inactive.
    RateLimited: too many attempts. Unavailable: too many concurrent sign-ins.
    """
    found = await open_accounts(engine, email, password, Place(origin), company_id)
    if not found:
        raise NotAuthenticated(WRONG)
    if not found[0].employee.active:
        raise Forbidden("This account is inactive; ask your company's admin")
    return found[0]


async def log_in(
    engine: AsyncEngine, company_id: UUID, *, email: str, password: str, origin: str, now: datetime
) -> LoggedIn:
    """Creates a tracker's device; errors as in `check_password`."""
    opened = await check_password(engine, company_id, email=email, password=password, origin=origin)
    token = new_token()
    async with company_scope(engine, company_id) as tx:
        company = await companies.get(tx)
        if company is None:
            raise NotAuthenticated(WRONG)
        employee = await opened.lock(tx, now=now, place=opened.admitted.place)
        if employee is None:  # changed or deactivated since the password was compared
            raise NotAuthenticated(WRONG)
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


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new device, and the person it belongs to."""

    device_id: UUID
    credential: str  # shown once; stored as a digest
    employee_name: str
    employee_email: str


async def enrol_device(
    engine: AsyncEngine, company_id: UUID, *, email: str, password: str, name: str, origin: str, now: datetime
) -> Enrolled:
    """Enrols a device with a credential of its own; errors as in `check_password`. InvalidInput: no name."""
    name = tidy(clean_reported(name, MAX_NAME_LENGTH))
    if not name:
        raise InvalidInput("the device needs a name by which its person knows it again", field="device_name")
    opened = await check_password(engine, company_id, email=email, password=password, origin=origin)
    credential, device_id = f"device_{new_token()}", new_id()
    async with company_scope(engine, company_id) as tx:
        employee = await opened.lock(tx, now=now, place=opened.admitted.place)
        if employee is None:  # changed or deactivated since the password was compared
            raise NotAuthenticated(WRONG)
        await devices.insert(
            tx,
            company_id,
            device_id=device_id,
            employee_id=employee.employee_id,
            token_digest=token_digest(credential),
            logged_in_at=now,
            name=name,
        )
    return Enrolled(device_id, credential, employee.name, employee.email)
