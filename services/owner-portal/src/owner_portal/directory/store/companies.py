"""Companies in the read model."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.directory.rules import CompanyPage, CompanyState, Status

_COMPANY = text("""
    SELECT company_id, name, email, contact_person, phone, address, time_zone, state, key_hint, logo_digest, created_at,
           plan_code, plan_version, started_at, expires_at, charged_until, price_minor_units, currency, seats_limit,
           storage_limit, screenshot_retention_days, seats_used, storage_used, last_sync_at, today, status
    FROM directory WHERE company_id = :company_id
""")

_NAMES = text("""
    SELECT company_id, name FROM company WHERE company_id = ANY(CAST(:ids AS uuid[])) AND revision IS NOT NULL
""")

# No call of its trackers for 24 hours. A company that never had one has its first 24 hours to begin.
IS_UNSYNCED = "coalesce(last_sync_at, created_at) < now() - interval '24 hours'"


async def find_company(tx: AsyncConnection, company_id: UUID) -> CompanyPage | None:
    """All known data of one company; None if tenancy does not know it."""
    row = (await tx.execute(_COMPANY, {"company_id": company_id})).one_or_none()
    if row is None:
        return None
    return CompanyPage(**row._asdict() | {"status": Status(row.status), "state": CompanyState(row.state)})


async def names_of(tx: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of the known companies among these."""
    return {row.company_id: row.name for row in await tx.execute(_NAMES, {"ids": list(ids)})}
