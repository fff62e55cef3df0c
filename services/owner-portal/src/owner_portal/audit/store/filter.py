"""The owner and the company that a filter names."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_FIND = text("""
    SELECT (SELECT email FROM owner WHERE email_key = :email_key) AS actor,
           (SELECT company_id FROM company WHERE name_key = :name_key AND revision IS NOT NULL LIMIT 1) AS company_id
""")


async def find_filter(tx: AsyncConnection, *, email_key: str, name_key: str) -> tuple[str | None, UUID | None]:
    """The e-mail of the owner and the id of the company with these keys (see `text_rules`); None if unknown."""
    row = (await tx.execute(_FIND, {"email_key": email_key, "name_key": name_key})).one()
    return row.actor, row.company_id
