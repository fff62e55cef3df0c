"""The minimum delay of a durable number: one commit, one synced publish, one delivery to a subscriber."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import psycopg
from nats.aio.msg import Msg
from nats.js.api import StorageType, StreamConfig
from nats.js.client import JetStreamContext

from tenantry_ops.bench.rig import Rig
from tenantry_ops.topology import OPERATOR

STREAM = "BENCH"
SUBJECT = "bench.floor"
PAYLOAD = bytes(1500)  # the size of a company's month


class Floor:
    """Commits and publishes, with a separate table and stream."""

    def __init__(
        self, database: psycopg.AsyncConnection, jetstream: JetStreamContext, delivered: "asyncio.Queue[Msg]"
    ) -> None:
        self._database = database
        self._jetstream = jetstream
        self._delivered = delivered

    async def trip(self) -> float:
        """Returns the seconds of one round."""
        began = time.perf_counter()
        await self._database.execute("INSERT INTO floor VALUES (%s)", [PAYLOAD])
        await self._jetstream.publish(SUBJECT, PAYLOAD)
        await self._delivered.get()
        return time.perf_counter() - began


@asynccontextmanager
async def open_floor(rig: Rig) -> AsyncIterator[Floor]:
    """Creates the table and the stream, and removes them at the end."""
    platform = rig.platform
    url = platform.nats_url(OPERATOR)
    connection = await nats.connect(url, inbox_prefix=f"_INBOX_{OPERATOR}".encode())
    jetstream = connection.jetstream()
    await jetstream.add_stream(StreamConfig(name=STREAM, subjects=[SUBJECT], storage=StorageType.FILE))
    try:
        async with await psycopg.AsyncConnection.connect(rig.superuser_dsn("postgres"), autocommit=True) as database:
            await database.execute("CREATE TABLE floor (payload bytea)")
            delivered: asyncio.Queue[Msg] = asyncio.Queue()
            await jetstream.subscribe(SUBJECT, stream=STREAM, ordered_consumer=True, cb=delivered.put)
            yield Floor(database, jetstream, delivered)
            await database.execute("DROP TABLE floor")
    finally:
        await jetstream.delete_stream(STREAM)
        await connection.close()
