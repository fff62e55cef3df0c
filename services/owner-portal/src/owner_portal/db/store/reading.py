"""Reading in autocommit mode: each statement sees committed data, as in READ COMMITTED."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


@lru_cache(maxsize=8)
def _autocommitting(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection of the engine's pool, without the two round trips of BEGIN and COMMIT."""
    async with _autocommitting(engine).connect() as connection:
        yield connection
