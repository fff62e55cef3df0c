"""What a company uses at this moment: seats and storage."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_READ = text("""
    SELECT coalesce((SELECT bytes FROM storage_use), 0) AS storage_bytes,
           (SELECT count(*) FROM employee WHERE active) AS seats_used
""")

_SEATS_USED = text("SELECT count(*) FROM employee WHERE active")


@dataclass(frozen=True, slots=True)
class Levels:
    """Not sums: the newest value counts."""

    storage_bytes: int
    seats_used: int


async def read(tx: AsyncConnection) -> Levels:
    """The scope's levels now."""
    return Levels(**(await tx.execute(_READ)).one()._mapping)


async def seats_used(tx: AsyncConnection) -> int:
    """Active accounts of the scope."""
    return int((await tx.execute(_SEATS_USED)).scalar_one())
