"""The gateway's side of its decoding process: one picture at a time, each within its time, few in line."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import structlog

from servicekit.errors import Unavailable
from tracking.imaging.protocol import ANSWER, REQUEST, Rendered
from tracking.imaging.unfit import BROKEN, SLOW, Unfit

log = structlog.get_logger()

LONGEST_DECODING = 10.0  # seconds; three large screens take one
MOST_WAITING = 64 * 1024**2  # bytes of pictures in line; more are better sent again
TRIES = 2  # others may kill or stop a process; a picture that ends or holds up two is to blame itself
# None of the gateway's secrets. The allocator of glibc gives memory of this size back when a picture is done.
_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "1048576"}
_ENDED = (asyncio.IncompleteReadError, ConnectionError)


class Decoder:
    """One process, started with the first picture and again when it has ended."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def render(self, data: bytes) -> Rendered:
        """The picture made safe. Unfit: it never will be. Unavailable: too many are in line, it may come again."""
        if self._waiting and self._waiting + len(data) > MOST_WAITING:
            raise Unavailable("too many screenshots at once; nothing is lost, try again", retry_after=5)
        self._waiting += len(data)
        try:
            async with self._turn:
                reason = BROKEN
                for _ in range(TRIES):
                    try:
                        return await self._ask(data)
                    except _ENDED:
                        log.warning("the decoding process ended")
                    except TimeoutError:
                        log.warning("the decoding process does not answer")
                        reason = SLOW
                raise Unfit(reason)
        finally:
            self._waiting -= len(data)

    async def run(self) -> None:
        """Ends the process when cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """Ends the process; the next picture starts another."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def _ask(self, data: bytes) -> Rendered:
        try:
            async with asyncio.timeout(LONGEST_DECODING):
                reason, rendered = await self._exchange(data)
        except BaseException:  # also when cancelled: half an exchange would answer the next picture
            await self.close()
            raise
        if reason:
            raise Unfit(reason)
        return rendered

    async def _exchange(self, data: bytes) -> tuple[str, Rendered]:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tracking.imaging.worker"), stdin=PIPE, stdout=PIPE, env=_ENVIRONMENT
            )
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise AssertionError("both were asked for")
        requests.write(REQUEST.pack(len(data)))
        requests.write(data)
        await requests.drain()
        reason, width, height, picture, thumbnail = ANSWER.unpack(await answers.readexactly(ANSWER.size))
        text = (await answers.readexactly(reason)).decode()
        return text, Rendered(width, height, await answers.readexactly(picture), await answers.readexactly(thumbnail))
