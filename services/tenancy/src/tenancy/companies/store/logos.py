"""Logos, apart from the companies: they are large and rarely read."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.companies.rules.logo import Logo

_PUT = text("""
    INSERT INTO company_logo (company_id, content, media_type, digest)
    VALUES (:company_id, :content, :media_type, :digest)
    ON CONFLICT (company_id) DO UPDATE
    SET content = excluded.content, media_type = excluded.media_type, digest = excluded.digest
""")

_REMOVE = text("DELETE FROM company_logo WHERE company_id = :company_id")

_GET = text("SELECT content, media_type FROM company_logo WHERE company_id = :company_id")


async def put(tx: AsyncConnection, company_id: UUID, logo: Logo) -> None:
    """Stores or replaces a company's logo."""
    values = {"content": logo.content, "media_type": logo.media_type, "digest": logo.digest}
    await tx.execute(_PUT, values | {"company_id": company_id})


async def remove(tx: AsyncConnection, company_id: UUID) -> None:
    """Leaves a company without a logo."""
    await tx.execute(_REMOVE, {"company_id": company_id})


async def get(tx: AsyncConnection, company_id: UUID) -> Logo | None:
    """A company's logo, if it has one."""
    row = (await tx.execute(_GET, {"company_id": company_id})).one_or_none()
    return Logo(row.content, row.media_type) if row else None
