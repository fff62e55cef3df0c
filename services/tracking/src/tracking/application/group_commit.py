"""Uploads that arrive in the same few milliseconds share one transaction; each is answered after its COMMIT."""

import asyncio

import structlog
from psycopg import AsyncConnection, Error, OperationalError
from psycopg.conninfo import make_conninfo

from servicekit.errors import Unavailable
from tracking.store import ingest
from tracking.store.ingest import Upload

log = structlog.get_logger()

LARGEST_GROUP = 10_000  # rows
LONGEST_QUEUE = 200_000  # rows; beyond it an upload is better refused than kept waiting


class GroupCommit:
    """One writer with one connection of the insert-only role."""

    def __init__(self, database_url: str) -> None:
        self._conninfo = make_conninfo(database_url, application_name="tracking-ingest", connect_timeout=5)
        self._connection: AsyncConnection | None = None
        self._waiting: list[tuple[Upload, asyncio.Future[None]]] = []
        self._rows_waiting = 0
        self._wake = asyncio.Event()

    async def store(self, upload: Upload) -> None:
        """Returns once the upload is durable. Unavailable: it is not, and may come again unchanged."""
        if self._rows_waiting > LONGEST_QUEUE:
            raise Unavailable("too many uploads at once; nothing is lost, try again", retry_after=2)
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((upload, stored))
        self._rows_waiting += len(upload.report)
        self._wake.set()
        await stored

    async def run(self) -> None:
        """Writes groups until cancelled; what waits then is refused."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await self._commit(self._take())
        finally:
            for _upload, stored in self._waiting:
                _refuse(stored)
            if self._connection is not None:
                await self._connection.close()

    def _take(self) -> list[tuple[Upload, asyncio.Future[None]]]:
        rows = count = 0
        for upload, _stored in self._waiting:
            count += 1
            rows += len(upload.report)
            if rows >= LARGEST_GROUP:
                break
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._rows_waiting -= rows
        return group

    async def _commit(self, group: list[tuple[Upload, asyncio.Future[None]]]) -> None:
        try:
            connection = await self._connect()
            await ingest.write(connection, [upload for upload, _stored in group])
        except OperationalError as error:
            log.warning("uploads not stored", uploads=len(group), error=repr(error))
            await self._disconnect()
            for _upload, stored in group:
                _refuse(stored)
        except Error as error:
            if len(group) > 1:  # one upload must not spoil the others
                for one in group:
                    await self._commit([one])
            else:
                log.error("upload not stored", company_id=str(group[0][0].company_id), error=repr(error))
                _refuse(group[0][1])
        except BaseException:
            for _upload, stored in group:
                _refuse(stored)
            raise
        else:
            for _upload, stored in group:
                if not stored.done():
                    stored.set_result(None)

    async def _connect(self) -> AsyncConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(self._conninfo, autocommit=True)
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _refuse(stored: asyncio.Future[None]) -> None:
    if not stored.done():
        stored.set_exception(Unavailable("not stored; nothing is lost, try again", retry_after=1))
