"""A company's levels: seats and storage in use."""

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
    """The latest value counts; levels are not added up."""

    storage_bytes: int
    seats_used: int


async def read(tx: AsyncConnection) -> Levels:
    """The company's current levels."""
    return Levels(**(await tx.execute(_READ)).one()._mapping)


async def seats_used(tx: AsyncConnection) -> int:
    """The number of the company's active accounts."""
    return int((await tx.execute(_SEATS_USED)).scalar_one())
