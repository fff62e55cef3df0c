"""Companies and their logos."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.companies.rules.company import Company, CompanyState
from tenancy.companies.rules.details import CompanyDetails
from tenancy.companies.rules.logo import Logo
from tenancy.db.rules import ChangePage

_INSERT = text("""
    INSERT INTO company (id, name, name_key, name_order, email, contact_person, phone, address, time_zone, search_text,
        state, created_at, revision)
    VALUES (:id, :name, :name_key, :name_order, :email, :contact_person, :phone, :address, :time_zone, :search_text,
        :state, :created_at, :revision)
    ON CONFLICT (name_key) DO NOTHING
""")

_COLUMNS = """
    c.id, c.name, c.email, c.contact_person, c.phone, c.address, c.time_zone, c.state, c.created_at, c.revision,
    s.last_sync_at,
    coalesce((SELECT l.digest FROM company_logo l WHERE l.company_id = c.id), '') AS logo_digest,
    coalesce((
        SELECT k.hint FROM company_key k WHERE k.company_id = c.id AND (k.valid_until IS NULL OR k.valid_until > now())
        ORDER BY k.created_at DESC LIMIT 1
    ), '') AS key_hint
"""

_SOURCE = "company c LEFT JOIN company_sync s ON s.company_id = c.id"

_GET = text(f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE c.id = :id")

_CHANGES = text(f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE c.revision > :after_revision ORDER BY c.revision LIMIT :limit")

_NAME_TAKEN = text("SELECT EXISTS (SELECT 1 FROM company WHERE name_key = :name_key AND id <> :id)")

_UPDATE = text("""
    UPDATE company SET name = :name, name_key = :name_key, name_order = :name_order, email = :email,
        contact_person = :contact_person, phone = :phone, address = :address, time_zone = :time_zone,
        search_text = :search_text, state = :state, revision = :revision
    WHERE id = :id
""")

_PUT_LOGO = text("""
    INSERT INTO company_logo (company_id, content, media_type, digest)
    VALUES (:company_id, :content, :media_type, :digest)
    ON CONFLICT (company_id) DO UPDATE
    SET content = excluded.content, media_type = excluded.media_type, digest = excluded.digest
""")

_REMOVE_LOGO = text("DELETE FROM company_logo WHERE company_id = :company_id")

_GET_LOGO = text("SELECT content, media_type FROM company_logo WHERE company_id = :company_id")


async def insert(tx: AsyncConnection, company: Company) -> bool:
    """Adds a company; False when another one has its name."""
    return (await tx.execute(_INSERT, _values(company) | {"created_at": company.created_at})).rowcount == 1


async def get(tx: AsyncConnection, company_id: UUID) -> Company | None:
    """One company; None when there is none with that id."""
    row = (await tx.execute(_GET, {"id": company_id})).one_or_none()
    return _from_row(row) if row else None


async def changes(tx: AsyncConnection, page: ChangePage) -> list[Company]:
    """One page of companies by revision."""
    rows = await tx.execute(_CHANGES, {"after_revision": page.after_revision, "limit": page.limit})
    return [_from_row(row) for row in rows]


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


def _from_row(row: Row[Any]) -> Company:
    """The company in a row of _COLUMNS."""
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


async def put_logo(tx: AsyncConnection, company_id: UUID, logo: Logo) -> None:
    """Stores or replaces a company's logo."""
    values = {"content": logo.content, "media_type": logo.media_type, "digest": logo.digest}
    await tx.execute(_PUT_LOGO, values | {"company_id": company_id})


async def remove_logo(tx: AsyncConnection, company_id: UUID) -> None:
    """Leaves a company without a logo."""
    await tx.execute(_REMOVE_LOGO, {"company_id": company_id})


async def get_logo(tx: AsyncConnection, company_id: UUID) -> Logo | None:
    """A company's logo, if it has one."""
    row = (await tx.execute(_GET_LOGO, {"company_id": company_id})).one_or_none()
    return Logo(row.content, row.media_type) if row else None
