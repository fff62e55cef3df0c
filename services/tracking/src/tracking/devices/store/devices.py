"""Devices: log-ins of trackers and enrolled agents."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_INSERT = text("""
    INSERT INTO device (company_id, device_id, employee_id, token_digest, logged_in_at, name)
    VALUES (:company_id, :device_id, :employee_id, :token_digest, :logged_in_at, :name)
""")

CHANGED = "device_changed"  # the channel on which a trigger of the table announces changed devices

_BY_TOKEN = text("""
    SELECT d.device_id, d.employee_id, e.number AS employee_number, d.logged_in_at, d.clock_offset
    FROM device d JOIN employee e USING (company_id, employee_id)
    WHERE d.token_digest = :token_digest AND d.revoked_at IS NULL AND e.active
""")

_SET_OFFSET = text("UPDATE device SET clock_offset = :clock_offset WHERE device_id = :device_id")


@dataclass(frozen=True, slots=True)
class Device:
    """A valid log-in. `employee_number` is the employee's id in the desktop protocol."""

    device_id: UUID
    employee_id: UUID
    employee_number: int
    logged_in_at: datetime
    clock_offset: timedelta


async def insert(
    tx: AsyncConnection,
    company_id: UUID,
    *,
    device_id: UUID,
    employee_id: UUID,
    token_digest: bytes,
    logged_in_at: datetime,
    name: str | None = None,
) -> None:
    """Inserts a device, with a name if its agent gave it one. Its clock counts as correct at first."""
    await tx.execute(
        _INSERT,
        {
            "company_id": company_id,
            "device_id": device_id,
            "employee_id": employee_id,
            "token_digest": token_digest,
            "logged_in_at": logged_in_at,
            "name": name,
        },
    )


async def by_token(tx: AsyncConnection, token_digest: bytes) -> Device | None:
    """The company's device with that token, unless it was revoked or its account is inactive."""
    row = (await tx.execute(_BY_TOKEN, {"token_digest": token_digest})).one_or_none()
    return Device(**row._mapping) if row else None


async def set_clock_offset(tx: AsyncConnection, device_id: UUID, offset: timedelta) -> None:
    """Stores the device's clock offset."""
    await tx.execute(_SET_OFFSET, {"device_id": device_id, "clock_offset": offset})
