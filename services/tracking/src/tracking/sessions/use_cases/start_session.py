"""The tracker starts to track."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotAuthenticated
from servicekit.ids import new_id
from tracking.clock.rules.offsets import clock_offset
from tracking.db.store.scope import company_scope
from tracking.devices.store import devices
from tracking.devices.store.devices import Device
from tracking.sessions.store import sessions
from tracking.totals.store import fold_queue


@dataclass(frozen=True, slots=True)
class Started:
    """A session's number, and whether the device's clock was found to be off by something else than before."""

    number: int
    clock_changed: bool


async def start_session(
    engine: AsyncEngine, company_id: UUID, device: Device, *, desktop_time: datetime, now: datetime
) -> Started:
    """Opens a session; it ends an older one of the same device.

    The call is made the moment the person presses start, so it also measures the desktop's clock. NotAuthenticated: the
    device was revoked a moment ago.
    """
    offset = clock_offset(desktop_time, now, known=device.clock_offset)
    clock_changed = offset != device.clock_offset
    async with company_scope(engine, company_id) as tx:
        if clock_changed:
            await devices.set_clock_offset(tx, device.device_id, offset)
        if not await sessions.hold_device(tx, device.device_id):
            raise NotAuthenticated("Your sign-in is no longer valid; sign in again")
        await sessions.end_older(tx, device.employee_id, device.device_id, started_at=desktop_time + offset)
        number = await sessions.insert(
            tx,
            company_id,
            session_id=new_id(),
            employee_id=device.employee_id,
            device_id=device.device_id,
            started_at=desktop_time + offset,
        )
        await fold_queue.append(
            tx, company_id, kind=fold_queue.SESSION, at=desktop_time + offset, employee_id=device.employee_id
        )
    return Started(number, clock_changed)
