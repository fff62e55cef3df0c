"""Uploads of more than a few hundred rows: authenticated first, then read in a separate process.

A desktop that was offline sends days of rows in one request. Other calls must not wait for it, and a caller without a
device must not be able to occupy the gateway or its memory.
"""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from servicekit.errors import InvalidInput, NotAuthenticated, TooLarge, Unavailable
from servicekit.turns import Turns
from tracking.clock.rules.unix_time import microsecond_of
from tracking.ingest.fastpath.store.packing import Upload
from tracking.ingest.messages.large_uploads import LENGTH, Job, Part, Summary, framed
from tracking.ingest.rules.upload_reader import ActivityClaim, Report
from tracking.protocols.large_bodies import MAX_HELD_BYTES
from tracking.protocols.transport import Body
from tracking.totals.rules.timeline import ActivityKind

log = structlog.get_logger()

MAX_ROWS = 420_000  # a row has at least 80 bytes, so a body of 32 MB cannot hold more
MAX_WAITING = 10.0  # seconds an upload waits for its turn; a tracker waits 30 s for the response
MAX_READING = 15.0  # seconds for one upload; 400,000 rows take five
PIECE = 256 * 1024  # bytes handed to the process at once
_TOKEN = b'"active_token"'
_OBJECT = re.compile(rb'\{\s*["}]')
_OVERLAP = 16  # bytes: an object's beginning may be split between two pieces
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

    TooLarge: it has more rows than a tracker can hold. Each row is an object, so the beginnings of objects are counted
    before anything is decoded. A brace in a title does not count: quotes are escaped there.
    """
    counted, rows, end = 0, 0, b""
    while True:
        for piece in body.pieces[counted:]:
            text = end + piece
            rows += len(_OBJECT.findall(text))
            last = text.rfind(b"{", len(text) - _OVERLAP)
            end = text[last:] if last >= 0 and _OBJECT.match(text, last) is None else b""
        counted = len(body.pieces)
        if rows > MAX_ROWS:
            raise TooLarge(f"an upload may have at most {MAX_ROWS} rows; send the others in a second one")
        if body.complete:
            return
        await body.read(body.size + 1)


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

        InvalidInput: the body is no upload. Unavailable: it was not read; the tracker may repeat it.
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
