"""Devices as the workspace lists and revokes them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.workspace.rules.paging import Position

_OF_EMPLOYEE = text("""
    SELECT device_id, name, logged_in_at, last_seen_at FROM device
    WHERE employee_id = :employee_id AND revoked_at IS NULL
      AND (CAST(:after_id AS uuid) IS NULL OR (coalesce(last_seen_at, logged_in_at), device_id)
           < (CAST(:after_moment AS timestamptz), CAST(:after_id AS uuid)))
    ORDER BY coalesce(last_seen_at, logged_in_at) DESC, device_id DESC LIMIT :limit
""")

_COUNT = text("SELECT count(*) FROM device WHERE employee_id = :employee_id AND revoked_at IS NULL")

_REVOKE = text("""
    UPDATE device SET revoked_at = :now WHERE device_id = :device_id AND revoked_at IS NULL RETURNING 1
""")

# In the order in which heartbeats write devices, so that the two cannot deadlock.
_REVOKE_ALL = text("""
    WITH good AS (
        SELECT company_id, device_id FROM device WHERE employee_id = :employee_id AND revoked_at IS NULL
        ORDER BY device_id FOR NO KEY UPDATE
    )
    UPDATE device d SET revoked_at = :now FROM good
    WHERE d.company_id = good.company_id AND d.device_id = good.device_id
""")


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A device that is signed in. Agents give it a `name`; a tracker's log-in has none."""

    device_id: UUID
    name: str | None
    logged_in_at: datetime
    last_seen_at: datetime | None

    @property
    def position(self) -> Position:
        """Its place in the list."""
        return Position(self.last_seen_at or self.logged_in_at, self.device_id)


async def of_employee(
    tx: AsyncConnection, employee_id: UUID, *, limit: int, after: Position | None
) -> list[ListedDevice]:
    """A person's devices after that position, latest activity first."""
    position = {"after_moment": after.moment if after else None, "after_id": after.row_id if after else None}
    rows = await tx.execute(_OF_EMPLOYEE, {"employee_id": employee_id, "limit": limit} | position)
    return [ListedDevice(**row._mapping) for row in rows]


async def count(tx: AsyncConnection, employee_id: UUID) -> int:
    """The number of a person's devices."""
    return int((await tx.execute(_COUNT, {"employee_id": employee_id})).scalar_one())


async def revoke(tx: AsyncConnection, device_id: UUID, now: datetime) -> bool:
    """Revokes a device of the company; False if there is no valid one with that id."""
    return (await tx.execute(_REVOKE, {"device_id": device_id, "now": now})).one_or_none() is not None


async def revoke_all(tx: AsyncConnection, employee_id: UUID, now: datetime) -> None:
    """Revokes all devices of a person."""
    await tx.execute(_REVOKE_ALL, {"employee_id": employee_id, "now": now})
