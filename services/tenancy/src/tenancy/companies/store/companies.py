"""Companies."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.companies.rules.company import Company, CompanyState
from tenancy.companies.rules.details import CompanyDetails
from tenancy.db.rules.page import Page

_INSERT = text("""
    INSERT INTO company (id, name, name_key, name_order, email, contact_person, phone, address, time_zone, search_text,
        state, created_at, revision)
    VALUES (:id, :name, :name_key, :name_order, :email, :contact_person, :phone, :address, :time_zone, :search_text,
        :state, :created_at, :revision)
    ON CONFLICT (name_key) DO NOTHING
""")

COLUMNS = """
    c.id, c.name, c.email, c.contact_person, c.phone, c.address, c.time_zone, c.state, c.created_at, c.revision,
    s.last_sync_at,
    coalesce((SELECT l.digest FROM company_logo l WHERE l.company_id = c.id), '') AS logo_digest,
    coalesce((
        SELECT k.hint FROM company_key k WHERE k.company_id = c.id AND (k.valid_until IS NULL OR k.valid_until > now())
        ORDER BY k.created_at DESC LIMIT 1
    ), '') AS key_hint
"""

SOURCE = "company c LEFT JOIN company_sync s ON s.company_id = c.id"

_GET = text(f"SELECT {COLUMNS} FROM {SOURCE} WHERE c.id = :id")

_GET_ALL = text(f"SELECT {COLUMNS} FROM {SOURCE} WHERE c.id = ANY(:ids)")

_CHANGES = text(f"SELECT {COLUMNS} FROM {SOURCE} WHERE c.revision > :after_revision ORDER BY c.revision LIMIT :limit")

_NAME_TAKEN = text("SELECT EXISTS (SELECT 1 FROM company WHERE name_key = :name_key AND id <> :id)")

_UPDATE = text("""
    UPDATE company SET name = :name, name_key = :name_key, name_order = :name_order, email = :email,
        contact_person = :contact_person, phone = :phone, address = :address, time_zone = :time_zone,
        search_text = :search_text, state = :state, revision = :revision
    WHERE id = :id
""")


async def insert(tx: AsyncConnection, company: Company) -> bool:
    """Adds a company; False when another one has its name."""
    return (await tx.execute(_INSERT, _values(company) | {"created_at": company.created_at})).rowcount == 1


async def get(tx: AsyncConnection, company_id: UUID) -> Company | None:
    """One company; None when there is none with that id."""
    row = (await tx.execute(_GET, {"id": company_id})).one_or_none()
    return from_row(row) if row else None


async def get_all(tx: AsyncConnection, company_ids: Sequence[UUID]) -> list[Company]:
    """Those of the companies that exist, in no order."""
    return [from_row(row) for row in await tx.execute(_GET_ALL, {"ids": list(company_ids)})]


async def changes(tx: AsyncConnection, page: Page) -> list[Company]:
    """One page of companies by revision."""
    rows = await tx.execute(_CHANGES, {"after_revision": page.after_revision, "limit": page.limit})
    return [from_row(row) for row in rows]


async def is_name_taken(tx: AsyncConnection, company: Company) -> bool:
    """Whether another company has the company's name. The caller holds the clock, so none can get it meanwhile."""
    values = {"id": company.id, "name_key": company.details.name_key}
    return bool((await tx.execute(_NAME_TAKEN, values)).scalar_one())


async def update(tx: AsyncConnection, company: Company) -> None:
    """Stores the company's details, state and revision."""
    await tx.execute(_UPDATE, _values(company))


def _values(company: Company) -> dict[str, Any]:
    details = company.details
    return {
        "id": company.id,
        "name": details.name,
        "name_key": details.name_key,
        "name_order": details.name_order,
        "email": details.email,
        "contact_person": details.contact_person,
        "phone": details.phone,
        "address": details.address,
        "time_zone": details.time_zone,
        "search_text": details.search_text,
        "state": company.state,
        "revision": company.revision,
    }


def from_row(row: Row[Any]) -> Company:
    """The company in a row of COLUMNS."""
    return Company(
        id=row.id,
        details=CompanyDetails(row.name, row.email, row.contact_person, row.phone, row.address, row.time_zone),
        state=CompanyState(row.state),
        key_hint=row.key_hint,
        logo_digest=row.logo_digest,
        created_at=row.created_at,
        last_sync_at=row.last_sync_at,
        revision=row.revision,
    )
