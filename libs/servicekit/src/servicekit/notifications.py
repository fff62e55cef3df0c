"""A listener for PostgreSQL notifications, which arrive after the notifying transaction has committed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn, cast

from psycopg import AsyncConnection, sql
from sqlalchemy.ext.asyncio import AsyncEngine

PING_TIMEOUT_SECONDS = 3.0  # after which the connection counts as lost

Callback = Callable[[float, list[str]], Awaitable[None]]


async def listen(engine: AsyncEngine, channel: str, callback: Callback, *, interval: float) -> NoReturn:
    """Calls `callback(moment, payloads)` at once, after every notification, and at least every `interval` seconds.

    All notifications up to `moment` (monotonic) have then been passed to `callback`. Raises an error if the connection
    is lost, and the errors of `callback`.
    """
    async with engine.connect() as pooled:
        connection = cast("AsyncConnection", (await pooled.get_raw_connection()).driver_connection)
        try:
            await connection.set_autocommit(True)
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            moment, payloads = float("-inf"), list[str]()
            while True:
                if (asked := time.monotonic()) - moment >= interval:
                    async with asyncio.timeout(PING_TIMEOUT_SECONDS):  # detects a dead connection
                        await connection.execute("SELECT 1")
                    payloads += [n.payload async for n in connection.notifies(timeout=0)]  # arrived with the response
                    moment = asked
                await callback(moment, payloads)
                payloads = [n.payload async for n in connection.notifies(timeout=interval, stop_after=1)]
        finally:
            await pooled.invalidate()  # must not return to the pool while it listens
