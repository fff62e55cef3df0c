"""Tracking's own note of a company: its number in the desktop protocol, its time zone, its feed's revision."""

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

# Not the key: log-ins and new accounts refer to it, and must not wait for whoever holds the company.
_LOCK = text("SELECT 1 FROM company FOR NO KEY UPDATE")

_NEXT_REVISION = text("""
    UPDATE company SET feed_revision = feed_revision + 1
    RETURNING company_id, number, time_zone, feed_revision
""")


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """The company of the scope."""

    company_id: UUID
    number: int
    time_zone: str
    feed_revision: int


async def ensure(tx: AsyncConnection, company_id: UUID, time_zone: str) -> None:
    """Notes a company on its first contact."""
    await tx.execute(_ENSURE, {"company_id": company_id, "time_zone": time_zone})


async def get(tx: AsyncConnection) -> CompanyRow | None:
    """The scope's company; None before its first contact."""
    row = (await tx.execute(_GET)).one_or_none()
    return CompanyRow(**row._mapping) if row else None


async def set_time_zone(tx: AsyncConnection, time_zone: str) -> None:
    """Notes in which time zone the scope's days are counted; the caller counts them anew."""
    await tx.execute(_SET_TIME_ZONE, {"time_zone": time_zone})


async def time_zones(dispatch: AsyncConnection) -> dict[UUID, str]:
    """In which time zone each company's days are counted, read with the dispatch role."""
    return {company_id: zone for company_id, zone in await dispatch.execute(_TIME_ZONES)}  # noqa: C416 - rows are no pairs


async def lock(tx: AsyncConnection) -> None:
    """Holds the scope's company until the transaction ends."""
    await tx.execute(_LOCK)


async def next_revision(tx: AsyncConnection) -> CompanyRow | None:
    """Takes the next revision of the company's feed; holds the company until the transaction ends."""
    row = (await tx.execute(_NEXT_REVISION)).one_or_none()
    return CompanyRow(**row._mapping) if row else None
