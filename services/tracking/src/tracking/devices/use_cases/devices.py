"""Lists and revokes a person's devices."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotFound
from tracking.db.store.scope import company_scope
from tracking.devices.store import device_list
from tracking.devices.store.device_list import ListedDevice
from tracking.workspace.rules.paging import Page, page_of, position_of

MAX_NAME_LENGTH = 100
DEVICES_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class DevicePage:
    """One page of a person's devices, and their total number."""

    page: Page[ListedDevice]
    count: int


async def list_devices(engine: AsyncEngine, company_id: UUID, employee_id: UUID, *, after: str = "") -> DevicePage:
    """A person's devices, latest activity first. InvalidInput: no such page."""
    begin = position_of(after)
    async with company_scope(engine, company_id) as tx:
        found = await device_list.of_employee(tx, employee_id, limit=DEVICES_PER_PAGE + 1, after=begin)
        count = await device_list.count(tx, employee_id)
    return DevicePage(page_of(found, DEVICES_PER_PAGE, lambda device: device.position), count)


async def revoke_device(engine: AsyncEngine, company_id: UUID, device_id: UUID, now: datetime) -> None:
    """Revokes a device; its data is kept. NotFound: the company has no valid device with that id."""
    async with company_scope(engine, company_id) as tx:
        if not await device_list.revoke(tx, device_id, now):
            raise NotFound("There is no such device, or it was revoked before")
