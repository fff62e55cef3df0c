"""Rows that count nowhere; written by the ingest writer."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_COUNTS = text("SELECT reason, count(*) FROM quarantine GROUP BY reason ORDER BY count(*) DESC, reason")


async def counts(tx: AsyncConnection) -> dict[str, int]:
    """How many rows of the scope are kept aside, by reason."""
    return {reason: count for reason, count in await tx.execute(_COUNTS)}  # noqa: C416 - rows are no pairs to mypy
