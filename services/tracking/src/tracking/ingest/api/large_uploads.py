"""Uploads of more than a few hundred rows: authenticated first, then read in a separate process.

A desktop that was offline sends days of rows in one request. Other calls must not wait for it, and a caller without a
device must not be able to occupy the gateway or its memory.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from math import ceil
from uuid import UUID

import msgspec
import structlog

from servicekit.errors import InvalidInput, NotAuthenticated, RateLimited, TooLarge, Unavailable
from servicekit.turns import Turns
from tracking.clock.rules.unix_time import microsecond_of
from tracking.ingest.fastpath.store.packing import Upload
from tracking.ingest.messages.large_uploads import LENGTH, MAX_ROWS, Job, Part, Summary, framed
from tracking.ingest.rules.upload_reader import ActivityClaim, Report
from tracking.protocols.large_bodies import MAX_HELD_BYTES
from tracking.protocols.transport import Body
from tracking.totals.rules.timeline import ActivityKind

log = structlog.get_logger()

MAX_BRACES = 1_000_000  # two for each of the most rows that a body can hold, for titles with braces
REFUSED_SECONDS = 10.0  # seconds until the next large upload of a device whose last one was refused
MAX_WAITING = 10.0  # seconds an upload waits for its turn; a tracker waits 30 s for the response
MAX_READING = 15.0  # seconds for one upload; 400,000 rows take five
PIECE = 256 * 1024  # bytes handed to the process at once
TOO_MANY_ROWS = f"an upload may have at most {MAX_ROWS:,} rows; send the others in a second one"
_TOKEN = b'"active_token"'
_ENDED = (asyncio.IncompleteReadError, ConnectionError)


def find_token(start: bytes) -> str:
    """The device's token from the beginning of a body. NotAuthenticated: there is none.

    A tracker writes its token before its rows. The quotes cannot be part of a text, where they would be escaped.
    """
    _, found, rest = start.partition(_TOKEN)
    rest = rest.lstrip()
    if found and rest.startswith(b":"):
        value, closed, _ = rest[1:].lstrip().removeprefix(b'"').partition(b'"')
        if closed and 0 < len(value) <= 512 and value.isascii():
            return value.decode()
    raise NotAuthenticated("A large upload must begin with active_token, before its rows")


async def read_whole(body: Body) -> None:
    """Reads the rest of a body.

    TooLarge: it has more braces than the rows of a tracker and their titles can hold. Each row is an object, and
    counting one character is cheap enough for the event loop; the process that decodes the body counts the rows.
    """
    counted, braces = 0, 0
    while True:
        braces += sum(piece.count(b"{") for piece in body.pieces[counted:])
        counted = len(body.pieces)
        if braces > MAX_BRACES:
            raise TooLarge(TOO_MANY_ROWS)
        if body.complete:
            return
        await body.read(body.size + 1)


class RefusedDevices:
    """Devices whose large upload was refused. The next one waits, so a device cannot cause work without limit."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}  # keyed by the integer of the device's id, in the order of the refusals

    @contextmanager
    def watch(self, device_id: UUID) -> Iterator[None]:
        """RateLimited: the last upload was refused less than REFUSED_SECONDS ago. Notes a refusal of this one."""
        now = asyncio.get_running_loop().time()
        left = self._until.get(device_id.int, now) - now
        if left > 0:
            raise RateLimited(
                "the last large upload of this device was refused; wait before the next one", retry_after=ceil(left)
            )
        try:
            yield
        except (TooLarge, InvalidInput):
            self._note(device_id.int, asyncio.get_running_loop().time())
            raise

    def _note(self, device: int, now: float) -> None:
        self._until.pop(device, None)
        self._until[device] = now + REFUSED_SECONDS
        while (oldest := next(iter(self._until))) and self._until[oldest] <= now:
            del self._until[oldest]


def claims_of(summary: Summary, received_at: datetime) -> Report:
    """The claims of an upload that the other process has read: the part of a report that shows a clock step."""
    return Report(
        activity=[
            ActivityClaim(record_id, ActivityKind(kind), at, seconds) for record_id, kind, at, seconds in summary.claims
        ],
        before=summary.before,
        received=microsecond_of(received_at),
        ahead=summary.ahead,
    )


class LargeUploadReader:
    """One process, started with the first large upload and restarted after it ended; companies take turns."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turns = Turns()

    async def read(self, job: Job, pieces: Sequence[bytes]) -> tuple[Summary, list[Upload]]:
        """The upload in parts that must be stored one after another.

        InvalidInput: the body is no upload. TooLarge: it has too many rows. Unavailable: it was not read; the tracker
        may repeat it.
        """
        async with self._turns.turn(job.company_id, job.size, timeout=MAX_WAITING, max_bytes=MAX_HELD_BYTES):
            try:
                async with asyncio.timeout(MAX_READING):
                    summary, parts = await self._exchange(job, pieces)
            except (TimeoutError, *_ENDED) as error:
                await self.close()
                log.warning("large upload not read", company_id=str(job.company_id), error=repr(error))
                raise Unavailable("this upload took too long; no data is lost, try again", retry_after=10) from None
            except BaseException:  # cancellation included: an incomplete exchange would answer the next upload
                await self.close()
                raise
        if summary.too_many_rows:
            raise TooLarge(TOO_MANY_ROWS)
        if summary.error:
            raise InvalidInput(summary.error)
        return summary, parts

    async def close(self) -> None:
        """Ends the process; the next large upload starts another."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def run(self) -> None:
        """Ends the process when cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def _exchange(self, job: Job, pieces: Sequence[bytes]) -> tuple[Summary, list[Upload]]:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tracking.ingest.api.large_upload_worker"), stdin=PIPE, stdout=PIPE, env={}
            )
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise AssertionError("both were asked for")
        requests.write(framed(job))
        for piece in pieces:
            for start in range(0, len(piece), PIECE):
                requests.write(piece[start : start + PIECE])
                await requests.drain()
        summary = msgspec.msgpack.decode(await _message(answers), type=Summary)
        uploads = []
        for _ in range(summary.parts):
            part = msgspec.msgpack.decode(await _message(answers), type=Part)
            rows = len(part.usage) + len(part.claims) + len(part.quarantined)
            uploads.append(Upload(job.company_id, part.usage, part.claims, part.quarantined, rows))
        return summary, uploads


async def _message(answers: asyncio.StreamReader) -> bytes:
    (size,) = LENGTH.unpack(await answers.readexactly(LENGTH.size))
    return await answers.readexactly(size)
