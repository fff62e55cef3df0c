"""Devices of people: enrolled by who knows the password, revoked by the device itself or the company's admin."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotFound
from tracking.db.store.scope import company_scope
from tracking.devices.store import device_list
from tracking.devices.store.device_list import ListedDevice
from tracking.workspace.rules.paging import Page, page_of, position_of

LONGEST_NAME = 100
DEVICES_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class DevicePage:
    """Some devices of somebody, and how many there are."""

    page: Page[ListedDevice]
    count: int


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
