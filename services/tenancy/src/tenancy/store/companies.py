"""Companies."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.domain.company import Access, Company, CompanyState
from tenancy.domain.details import CompanyDetails
from tenancy.domain.page import Page

_INSERT = text("""
    INSERT INTO company
        (id, name, name_key, email, contact_person, phone, address, time_zone, state, created_at, revision)
    VALUES
        (:id, :name, :name_key, :email, :contact_person, :phone, :address, :time_zone, :state, :created_at, :revision)
    ON CONFLICT (name_key) DO NOTHING
""")

_SELECT = """
    SELECT c.id, c.name, c.email, c.contact_person, c.phone, c.address, c.time_zone, c.state, c.created_at, c.revision,
        s.last_sync_at,
        coalesce((
            SELECT k.hint FROM company_key k WHERE k.company_id = c.id AND k.revoked_at IS NULL
            ORDER BY k.created_at DESC LIMIT 1
        ), '') AS key_hint
    FROM company c LEFT JOIN company_sync s ON s.company_id = c.id
"""

_GET = text(f"{_SELECT} WHERE c.id = :id")

_CHANGES = text(f"{_SELECT} WHERE c.revision > :after_revision ORDER BY c.revision LIMIT :limit")

_ACCESS_CHANGES = text("""
    SELECT c.id, c.state, c.time_zone, c.revision,
        ARRAY(SELECT k.digest FROM company_key k WHERE k.company_id = c.id AND k.revoked_at IS NULL) AS digests
    FROM company c WHERE c.revision > :after_revision ORDER BY c.revision LIMIT :limit
""")

_UPDATE = text("UPDATE company SET state = :state, revision = :revision WHERE id = :id")


async def insert(tx: AsyncConnection, company: Company) -> bool:
    """Adds a company; False when another one has its name."""
    details = company.details
    values = {
        "id": company.id,
        "name": details.name,
        "name_key": details.name_key,
        "email": details.email,
        "contact_person": details.contact_person,
        "phone": details.phone,
        "address": details.address,
        "time_zone": details.time_zone,
        "state": company.state,
        "created_at": company.created_at,
        "revision": company.revision,
    }
    return (await tx.execute(_INSERT, values)).rowcount == 1


async def get(tx: AsyncConnection, company_id: UUID) -> Company | None:
    """One company; None when there is none with that id."""
    row = (await tx.execute(_GET, {"id": company_id})).one_or_none()
    return _company(row) if row else None


async def changes(tx: AsyncConnection, page: Page) -> list[Company]:
    """One page of companies by revision."""
    rows = await tx.execute(_CHANGES, {"after_revision": page.after_revision, "limit": page.limit})
    return [_company(row) for row in rows]


async def access_changes(tx: AsyncConnection, page: Page) -> list[Access]:
    """One page of access records by revision. One statement: state and keys are of one moment."""
    rows = await tx.execute(_ACCESS_CHANGES, {"after_revision": page.after_revision, "limit": page.limit})
    return [Access(row.id, CompanyState(row.state), row.time_zone, tuple(row.digests), row.revision) for row in rows]


async def update(tx: AsyncConnection, company: Company) -> None:
    """Stores the company's state and revision."""
    await tx.execute(_UPDATE, {"id": company.id, "state": company.state, "revision": company.revision})


def _company(row: Row[Any]) -> Company:
    details = CompanyDetails(row.name, row.email, row.contact_person, row.phone, row.address, row.time_zone)
    return Company(
        id=row.id,
        details=details,
        state=CompanyState(row.state),
        key_hint=row.key_hint,
        created_at=row.created_at,
        last_sync_at=row.last_sync_at,
        revision=row.revision,
    )
