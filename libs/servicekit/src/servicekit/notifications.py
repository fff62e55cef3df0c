"""What PostgreSQL notifies of: what changed, told to every listener once it is committed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn, cast

from psycopg import AsyncConnection, sql
from sqlalchemy.ext.asyncio import AsyncEngine

PATIENCE = 3.0  # seconds until the connection counts as lost

Hear = Callable[[float, list[str]], Awaitable[None]]


async def listen(engine: AsyncEngine, channel: str, hear: Hear, *, beat: float) -> NoReturn:
    """Calls `hear(moment, payloads)` at once, whenever something was notified, and every `beat` seconds at least.

    Everything notified from the first call to the moment (monotonic) has been heard by then. Raises when the
    connection is lost, and what `hear` raises.
    """
    async with engine.connect() as pooled:
        connection = cast("AsyncConnection", (await pooled.get_raw_connection()).driver_connection)
        try:
            await connection.set_autocommit(True)
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            moment, payloads = float("-inf"), list[str]()
            while True:
                if (asked := time.monotonic()) - moment >= beat:
                    async with asyncio.timeout(PATIENCE):  # of a line that is dead nobody tells
                        await connection.execute("SELECT 1")
                    payloads += [n.payload async for n in connection.notifies(timeout=0)]  # what the answer brought
                    moment = asked
                await hear(moment, payloads)
                payloads = [n.payload async for n in connection.notifies(timeout=beat, stop_after=1)]
        finally:
            await pooled.invalidate()  # it listens
