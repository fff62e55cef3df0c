"""A company's days."""

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.usage.rules import CompanyDay

_DAYS = text(f"""
    SELECT {", ".join(CompanyDay._fields)}
    FROM company_day WHERE company_id = :company_id AND day >= :since ORDER BY day
""")


async def list_days(tx: AsyncConnection, company_id: UUID, *, since: date) -> list[CompanyDay]:
    """A company's days from a date on, oldest first."""
    return [CompanyDay(**row._asdict()) for row in await tx.execute(_DAYS, {"company_id": company_id, "since": since})]
