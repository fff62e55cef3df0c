"""Tracking's own note of a company: its number in the desktop protocol, its time zone, its feed's revision."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ENSURE = text("""
    INSERT INTO company (company_id, time_zone) VALUES (:company_id, :time_zone)
    ON CONFLICT (company_id) DO NOTHING
""")

_GET = text("SELECT company_id, number, time_zone, storage_bytes, feed_revision FROM company")

# Not the key: every upload refers to it, and must not wait for whoever holds the company.
_LOCK = text("SELECT 1 FROM company FOR NO KEY UPDATE")

_NEXT_REVISION = text("""
    UPDATE company SET feed_revision = feed_revision + 1
    RETURNING company_id, number, time_zone, storage_bytes, feed_revision
""")


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """The company of the scope."""

    company_id: UUID
    number: int
    time_zone: str
    storage_bytes: int
    feed_revision: int


async def ensure(tx: AsyncConnection, company_id: UUID, time_zone: str) -> None:
    """Notes a company on its first contact; its time zone stays what it was then."""
    await tx.execute(_ENSURE, {"company_id": company_id, "time_zone": time_zone})


async def get(tx: AsyncConnection) -> CompanyRow | None:
    """The scope's company; None before its first contact."""
    row = (await tx.execute(_GET)).one_or_none()
    return CompanyRow(*row) if row else None


async def lock(tx: AsyncConnection) -> None:
    """Holds the scope's company until the transaction ends."""
    await tx.execute(_LOCK)


async def next_revision(tx: AsyncConnection) -> CompanyRow | None:
    """Takes the next revision of the company's feed; holds the company until the transaction ends."""
    row = (await tx.execute(_NEXT_REVISION)).one_or_none()
    return CompanyRow(*row) if row else None
