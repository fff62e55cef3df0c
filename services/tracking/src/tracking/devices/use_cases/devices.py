"""Devices of people: enrolled by who knows the password, revoked by the device itself or the company's admin."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.tokens import new_token, token_digest
from servicekit.errors import InvalidInput, NotAuthenticated, NotFound
from servicekit.ids import new_id
from text_rules.lines import reported, tidy
from tracking.db.store.scope import company_scope
from tracking.devices.store import device_list, devices
from tracking.devices.store.device_list import ListedDevice
from tracking.sign_in.use_cases.log_in import WRONG, check_password
from tracking.workspace.rules.list_pages import page_of, position_of
from tracking.workspace.rules.paging import Page

LONGEST_NAME = 100
DEVICES_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new device and whose it is."""

    device_id: UUID
    credential: str  # shown this once; kept as a digest
    employee_name: str
    employee_email: str


@dataclass(frozen=True, slots=True)
class DevicePage:
    """Some devices of somebody, and how many there are."""

    page: Page[ListedDevice]
    count: int


async def enrol_device(
    engine: AsyncEngine, company_id: UUID, *, email: str, password: str, name: str, origin: str, now: datetime
) -> Enrolled:
    """Enrols a device with a credential of its own; errors as of `check_password`. InvalidInput: no name."""
    name = tidy(reported(name, LONGEST_NAME))
    if not name:
        raise InvalidInput("the device needs a name by which its person knows it again")
    opened = await check_password(engine, company_id, email=email, password=password, origin=origin)
    credential, device_id = f"device_{new_token()}", new_id()
    async with company_scope(engine, company_id) as tx:
        employee = await opened.hold(tx, now=now, place=opened.admitted.place)
        if employee is None:  # changed or deactivated since the password was looked at
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


async def list_devices(engine: AsyncEngine, company_id: UUID, employee_id: UUID, *, after: str = "") -> DevicePage:
    """Where a person of the company is signed in, the latest activity first. InvalidInput: no such page."""
    begin = position_of(after)
    async with company_scope(engine, company_id) as tx:
        found = await device_list.of_employee(tx, employee_id, limit=DEVICES_A_PAGE + 1, after=begin)
        count = await device_list.count(tx, employee_id)
    return DevicePage(page_of(found, DEVICES_A_PAGE, lambda device: device.position), count)


async def revoke_device(engine: AsyncEngine, company_id: UUID, device_id: UUID, now: datetime) -> None:
    """Ends one device's credential; what it has sent stays. NotFound: none of the company's that is still good."""
    async with company_scope(engine, company_id) as tx:
        if not await device_list.revoke(tx, device_id, now):
            raise NotFound("There is no such device, or it was revoked before")
