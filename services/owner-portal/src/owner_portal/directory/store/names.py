"""Companies by name, and names by company."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_NAMES = text("""
    SELECT company_id, name FROM company WHERE company_id = ANY(CAST(:ids AS uuid[])) AND revision IS NOT NULL
""")

_FIND = text("""
    SELECT (SELECT email FROM owner WHERE email_key = :email_key) AS actor,
           (SELECT company_id FROM company WHERE name_key = :name_key AND revision IS NOT NULL LIMIT 1) AS company_id
""")


async def names_of(tx: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, str]:
    """Of those companies that tenancy has told of."""
    return {row.company_id: row.name for row in await tx.execute(_NAMES, {"ids": list(ids)})}


async def find_filter(tx: AsyncConnection, *, email_key: str, name_key: str) -> tuple[str | None, UUID | None]:
    """The address of the owner and the id of the company that have these keys (`text_rules`); None: there is none."""
    row = (await tx.execute(_FIND, {"email_key": email_key, "name_key": name_key})).one()
    return row.actor, row.company_id
