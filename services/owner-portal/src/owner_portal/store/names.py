"""Companies by name, and names by company."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_NAMES = text("""
    SELECT company_id, name FROM company WHERE company_id = ANY(CAST(:ids AS uuid[])) AND revision IS NOT NULL
""")

# Names are unique but for letter case.
_FIND = text("""
    SELECT company_id FROM company WHERE lower(name) = lower(CAST(:name AS text)) AND revision IS NOT NULL LIMIT 1
""")


async def names_of(tx: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, str]:
    """Of those companies that tenancy has told of."""
    return {row.company_id: row.name for row in await tx.execute(_NAMES, {"ids": list(ids)})}


async def find_company(tx: AsyncConnection, name: str) -> UUID | None:
    """The company with this name, letter case aside; None when there is none."""
    found: UUID | None = (await tx.execute(_FIND, {"name": name})).scalar_one_or_none()
    return found
