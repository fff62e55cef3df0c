"""Reading without a transaction: each statement sees what is committed when it starts, as it would in one anyway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


@lru_cache(maxsize=8)
def _autocommitting(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection of the engine's pool; BEGIN and COMMIT would cost a page two trips more."""
    async with _autocommitting(engine).connect() as connection:
        yield connection
