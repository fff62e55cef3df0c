"""Cached answers of other services, as JSON, by the name of the question."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# One statement per page stores the new answers and reads the missing ones. Most answers have not changed; those are
# written once a minute.
_SETTLE = text("""
    WITH kept AS (
        INSERT INTO known_answer AS held (name, content, as_of)
        SELECT new.name, CAST(new.content AS jsonb), now()
        FROM unnest(CAST(:kept_names AS text[]), CAST(:kept_contents AS text[])) AS new (name, content)
        ORDER BY new.name
        ON CONFLICT (name) DO UPDATE SET content = excluded.content, as_of = excluded.as_of
        WHERE held.content <> excluded.content OR held.as_of < now() - interval '1 minute'
    )
    SELECT name, content::text AS content, as_of FROM known_answer WHERE name = ANY(CAST(:names AS text[]))
""")

_FORGET = text("DELETE FROM known_answer WHERE as_of < now() - CAST(:age AS interval)")


async def settle(
    tx: AsyncConnection, *, answered: Mapping[str, str], unanswered: Collection[str]
) -> dict[str, tuple[str, datetime]]:
    """Stores `answered` (JSON by name); returns the cached entries of `unanswered`: JSON and its moment by name."""
    values = {"kept_names": list(answered), "kept_contents": list(answered.values()), "names": list(unanswered)}
    return {row.name: (row.content, row.as_of) for row in await tx.execute(_SETTLE, values)}


async def forget(tx: AsyncConnection, *, age: timedelta) -> None:
    """Deletes answers older than `age`."""
    await tx.execute(_FORGET, {"age": age})
