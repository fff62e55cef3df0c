"""Pool pings for connections that were idle; connections in constant use are not pinged."""

from time import monotonic
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

REST = 1.0  # seconds of idle time before a ping; a shorter outage fails one request


def try_rested(engine: AsyncEngine) -> AsyncEngine:
    """Replaces connections that have died while idle; `engine` must have no ping of its own."""
    dialect = engine.sync_engine.dialect

    def used(_connection: Any, record: Any) -> None:
        record.info["used_at"] = monotonic()

    def check(connection: Any, record: Any, _proxy: Any) -> None:
        if monotonic() - record.info["used_at"] > REST:
            try:
                dialect.do_ping(connection)
            except dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    event.listen(engine.sync_engine, "connect", used)
    event.listen(engine.sync_engine, "checkin", used)
    event.listen(engine.sync_engine, "checkout", check)
    return engine
