"""Rows of screenshots. The picture store keeps the pictures until they are removed."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.workspace.rules.paging import Position

_COLUMNS = "screenshot_id, employee_id, session_id, captured_at, width, height, stored_bytes"

_INSERT = text(f"""
    INSERT INTO screenshot (company_id, {_COLUMNS}, received_at)
    VALUES (:company_id, :screenshot_id, :employee_id, :session_id, :captured_at, :width, :height, :stored_bytes,
            :received_at)
    ON CONFLICT (company_id, screenshot_id) DO NOTHING
    RETURNING 1
""")

_EXISTS = text("""
    SELECT EXISTS (
        SELECT FROM screenshot WHERE screenshot_id = ANY(:ids) AND employee_id = :employee_id
    )
""")

_KEPT = text(f"SELECT {_COLUMNS} FROM screenshot WHERE screenshot_id = :screenshot_id AND removed_at IS NULL")

_OF_EMPLOYEE = text(f"""
    SELECT {_COLUMNS} FROM screenshot
    WHERE employee_id = :employee_id AND captured_at >= :start AND captured_at < :end AND removed_at IS NULL
      AND (CAST(:after_id AS uuid) IS NULL
           OR (captured_at, screenshot_id) < (CAST(:after_moment AS timestamptz), CAST(:after_id AS uuid)))
    ORDER BY captured_at DESC, screenshot_id DESC LIMIT :limit
""")

_COUNT_OF_EMPLOYEE = text("""
    SELECT count(*) FROM screenshot
    WHERE employee_id = :employee_id AND captured_at >= :start AND captured_at < :end AND removed_at IS NULL
""")

_OLDER = text(f"""
    SELECT {_COLUMNS} FROM screenshot
    WHERE removed_at IS NULL AND captured_at < :before ORDER BY captured_at LIMIT :limit
""")

_OF_SESSION = text(f"SELECT removed_at IS NULL AS is_kept, {_COLUMNS} FROM screenshot WHERE session_id = :session_id")

# In the order of the ids, so that two transactions cannot deadlock.
_REMOVE = text("""
    WITH held AS MATERIALIZED (
        SELECT company_id, screenshot_id FROM screenshot WHERE screenshot_id = ANY(:ids) AND removed_at IS NULL
        ORDER BY screenshot_id FOR NO KEY UPDATE
    ), removed AS (
        UPDATE screenshot s SET removed_at = :now FROM held
        WHERE s.company_id = held.company_id AND s.screenshot_id = held.screenshot_id
        RETURNING stored_bytes
    )
    SELECT coalesce(sum(stored_bytes), 0) FROM removed
""")

_TAKE_STORAGE = text("""
    INSERT INTO storage_use AS s (company_id, bytes) SELECT :company_id, :bytes WHERE :bytes <= :quota
    ON CONFLICT (company_id) DO UPDATE SET bytes = s.bytes + excluded.bytes WHERE s.bytes + excluded.bytes <= :quota
    RETURNING 1
""")

_FREE_STORAGE = text("UPDATE storage_use SET bytes = bytes - :bytes")

_STORAGE = text("""
    SELECT coalesce((SELECT bytes FROM storage_use), 0),
           (SELECT coalesce(sum(stored_bytes), 0) FROM screenshot WHERE removed_at IS NULL)
""")

_COUNTED = text("""
    SELECT s.employee_id, s.captured_at FROM screenshot s JOIN work_session w USING (company_id, session_id)
    WHERE w.deleted_at IS NULL
    EXCEPT ALL SELECT employee_id, at FROM fold_queue WHERE kind = 'P'
""")

# Jumps from company to company along the index of stored screenshots.
_OLDEST = text("""
    WITH RECURSIVE company AS (
        (SELECT company_id, captured_at FROM screenshot WHERE removed_at IS NULL
         ORDER BY company_id, captured_at LIMIT 1)
        UNION ALL
        SELECT s.company_id, s.captured_at FROM company c CROSS JOIN LATERAL (
            SELECT company_id, captured_at FROM screenshot WHERE removed_at IS NULL AND company_id > c.company_id
            ORDER BY company_id, captured_at LIMIT 1
        ) s
    )
    SELECT company_id, captured_at FROM company
""")


@dataclass(frozen=True, slots=True)
class Screenshot:
    """One screenshot; `stored_bytes` are those of picture and thumbnail, sizes are in pixels."""

    screenshot_id: UUID
    employee_id: UUID
    session_id: UUID
    captured_at: datetime
    width: int
    height: int
    stored_bytes: int


async def exists(tx: AsyncConnection, employee_id: UUID, ids: Sequence[UUID]) -> bool:
    """Whether that person's capture was accepted before under one of its ids, removed or not."""
    return bool((await tx.execute(_EXISTS, {"ids": list(ids), "employee_id": employee_id})).scalar_one())


async def insert(tx: AsyncConnection, company_id: UUID, screenshot: Screenshot, received_at: datetime) -> bool:
    """Inserts a screenshot; False if it exists."""
    values = {
        "company_id": company_id,
        "screenshot_id": screenshot.screenshot_id,
        "employee_id": screenshot.employee_id,
        "session_id": screenshot.session_id,
        "captured_at": screenshot.captured_at,
        "width": screenshot.width,
        "height": screenshot.height,
        "stored_bytes": screenshot.stored_bytes,
        "received_at": received_at,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None


async def kept(tx: AsyncConnection, screenshot_id: UUID) -> Screenshot | None:
    """The company's screenshot with that id, unless it was removed."""
    row = (await tx.execute(_KEPT, {"screenshot_id": screenshot_id})).one_or_none()
    return Screenshot(**row._mapping) if row else None


async def of_employee(
    tx: AsyncConnection, employee_id: UUID, start: datetime, end: datetime, *, limit: int, after: Position | None
) -> list[Screenshot]:
    """A person's stored screenshots between two moments, after that position, newest first."""
    position = {"after_moment": after.moment if after else None, "after_id": after.row_id if after else None}
    values = {"employee_id": employee_id, "start": start, "end": end, "limit": limit} | position
    return [Screenshot(**row._mapping) for row in await tx.execute(_OF_EMPLOYEE, values)]


async def count_of_employee(tx: AsyncConnection, employee_id: UUID, start: datetime, end: datetime) -> int:
    """The number of a person's stored screenshots between two moments."""
    values = {"employee_id": employee_id, "start": start, "end": end}
    return int((await tx.execute(_COUNT_OF_EMPLOYEE, values)).scalar_one())


async def of_session(tx: AsyncConnection, session_id: UUID) -> list[tuple[bool, Screenshot]]:
    """All screenshots of a session, and whether each is still stored."""
    rows = await tx.execute(_OF_SESSION, {"session_id": session_id})
    found = [dict(row._mapping) for row in rows]
    return [(row.pop("is_kept"), Screenshot(**row)) for row in found]


async def older(tx: AsyncConnection, before: datetime, *, limit: int) -> list[Screenshot]:
    """The company's stored screenshots from before a moment, oldest first."""
    return [Screenshot(**row._mapping) for row in await tx.execute(_OLDER, {"before": before, "limit": limit})]


async def remove(tx: AsyncConnection, screenshot_ids: Sequence[UUID], now: datetime) -> int:
    """Marks screenshots as removed; returns the bytes that they used."""
    return int((await tx.execute(_REMOVE, {"ids": list(screenshot_ids), "now": now})).scalar_one())


async def take_storage(tx: AsyncConnection, company_id: UUID, size: int, *, quota: int) -> bool:
    """Adds `size` bytes to the storage in use. False, with no change: that would exceed the `quota`."""
    values = {"company_id": company_id, "bytes": size, "quota": quota}
    return (await tx.execute(_TAKE_STORAGE, values)).one_or_none() is not None


async def free_storage(tx: AsyncConnection, size: int) -> None:
    """Subtracts `size` bytes from the storage in use."""
    await tx.execute(_FREE_STORAGE, {"bytes": size})


async def storage(tx: AsyncConnection) -> tuple[int, int]:
    """The company's storage in use, as counted and as the sum of its stored screenshots; in bytes, of one moment."""
    counted, added_up = (await tx.execute(_STORAGE)).one()
    return counted, int(added_up)


async def counted(tx: AsyncConnection) -> AsyncIterator[tuple[UUID, datetime]]:
    """Streams (employee, capture time) of all screenshots that have been counted."""
    async for employee_id, captured_at in await tx.stream(_COUNTED):
        yield employee_id, captured_at


async def oldest_by_company(dispatch: AsyncConnection) -> dict[UUID, datetime]:
    """The oldest stored screenshot of each company, read with the dispatch role."""
    return {company_id: at for company_id, at in await dispatch.execute(_OLDEST)}  # noqa: C416 - rows are no pairs
