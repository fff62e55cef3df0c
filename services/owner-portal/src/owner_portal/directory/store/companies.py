"""One company in the read model."""

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.directory.rules.companies import CompanyState, Status
from owner_portal.directory.rules.company_page import CompanyPage
from owner_portal.usage.rules.days import CompanyDay

_COMPANY = text("""
    SELECT company_id, name, email, contact_person, phone, address, time_zone, state, key_hint, logo_digest, created_at,
           plan_code, plan_version, started_at, expires_at, charged_until, price_minor_units, currency, seats_limit,
           storage_limit, screenshot_retention_days, seats_used, storage_used, last_sync_at, today, status
    FROM directory WHERE company_id = :company_id
""")

_DAYS = text("""
    SELECT company_id, day, revision, active_seconds, idle_seconds, employees_active, sessions, screenshots,
           storage_bytes, seats_used
    FROM company_day WHERE company_id = :company_id AND day >= :since ORDER BY day
""")


async def find_company(tx: AsyncConnection, company_id: UUID) -> CompanyPage | None:
    """Everything known of one company; None when tenancy has not told of it."""
    row = (await tx.execute(_COMPANY, {"company_id": company_id})).one_or_none()
    if row is None:
        return None
    return CompanyPage(**row._asdict() | {"status": Status(row.status), "state": CompanyState(row.state)})


async def list_days(tx: AsyncConnection, company_id: UUID, *, since: date) -> list[CompanyDay]:
    """A company's days from a date on, oldest first."""
    return [CompanyDay(*row) for row in await tx.execute(_DAYS, {"company_id": company_id, "since": since})]
