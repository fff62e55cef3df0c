"""Events wait for the database: its outage must not use up the deliveries that the broker allows a message."""

import asyncio

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit import database

log = structlog.get_logger()

RETRY = 1.0  # seconds


async def database_answers(engine: AsyncEngine) -> None:
    """Returns once it does."""
    while True:
        try:
            await database.ping(engine)
        except Exception as error:
            log.warning("database does not answer, events wait", error=repr(error))
            await asyncio.sleep(RETRY)
        else:
            return
