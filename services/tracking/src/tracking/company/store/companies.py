"""Tracking's own row of a company: its number in the desktop protocol, its time zone, the revision of its feed."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ENSURE = text("""
    INSERT INTO company (company_id, time_zone) VALUES (:company_id, :time_zone)
    ON CONFLICT (company_id) DO NOTHING
""")

_GET = text("SELECT company_id, number, time_zone, feed_revision FROM company")

_SET_TIME_ZONE = text("UPDATE company SET time_zone = :time_zone")

_TIME_ZONES = text("SELECT company_id, time_zone FROM company")

# FOR NO KEY UPDATE: log-ins and new accounts reference the row and must not wait for this lock.
_LOCK = text("SELECT 1 FROM company FOR NO KEY UPDATE")

_NEXT_REVISION = text("""
    UPDATE company SET feed_revision = feed_revision + 1
    RETURNING company_id, number, time_zone, feed_revision
""")


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """The company of the transaction's scope."""

    company_id: UUID
    number: int
    time_zone: str
    feed_revision: int


async def ensure(tx: AsyncConnection, company_id: UUID, time_zone: str) -> None:
    """Inserts the row at the company's first contact."""
    await tx.execute(_ENSURE, {"company_id": company_id, "time_zone": time_zone})


async def get(tx: AsyncConnection) -> CompanyRow | None:
    """The company; None before its first contact."""
    row = (await tx.execute(_GET)).one_or_none()
    return CompanyRow(**row._mapping) if row else None


async def set_time_zone(tx: AsyncConnection, time_zone: str) -> None:
    """Sets the time zone of the company's days; the caller recounts them."""
    await tx.execute(_SET_TIME_ZONE, {"time_zone": time_zone})


async def time_zones(dispatch: AsyncConnection) -> dict[UUID, str]:
    """The time zone of each company's days, read with the dispatch role."""
    return {company_id: zone for company_id, zone in await dispatch.execute(_TIME_ZONES)}  # noqa: C416 - rows are no pairs


async def lock(tx: AsyncConnection) -> None:
    """Locks the company until the transaction ends."""
    await tx.execute(_LOCK)


async def next_revision(tx: AsyncConnection) -> CompanyRow | None:
    """Takes the next revision of the company's feed; locks the company until the transaction ends."""
    row = (await tx.execute(_NEXT_REVISION)).one_or_none()
    return CompanyRow(**row._mapping) if row else None
