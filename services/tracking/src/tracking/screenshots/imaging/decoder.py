"""The gateway's side of the decoding process: one picture at a time, companies in turn, within limits.

A picture is refused for its content alone, never because of load: its decoding time is limited in processor seconds,
and whatever depends on the load ends in Unavailable, so that the picture is sent again.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Hashable

import structlog

from servicekit.errors import Unavailable
from servicekit.turns import Turns
from tracking.screenshots.imaging.protocol import ANSWER, BROKEN, REQUEST, SLOW, Rendered, Unfit

log = structlog.get_logger()

MAX_QUEUE_SECONDS = 10.0  # this and the next are in wall-clock seconds: a tracker waits thirty for its response
MAX_DECODING_SECONDS = 12.0
PIECE = 256 * 1024  # bytes handed over at once
MAX_WAITING = 64 * 1024**2  # bytes of waiting pictures
TRIES = 2  # a first end may have another cause; a picture that ends two processes is refused
# No secrets of the gateway. The malloc setting returns memory of this size to the system after each picture.
_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "1048576"}
# Signals that a decoder causes itself. SIGKILL and SIGTERM come from others, such as the kernel when memory is short.
_CRASHES = frozenset({-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGILL})
_OUT_OF_TIME = -signal.SIGPROF


class _Ended(Exception):
    """The process ended instead of responding."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the decoding process ended with {code}")
        self.code = code


class Decoder:
    """One process, started with the first picture and restarted after it ended."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turns = Turns()

    async def render(self, data: bytes, *, company: Hashable = None) -> Rendered:
        """The picture made safe. Unfit: it can never be accepted. Unavailable: not now; it may be sent again."""
        async with self._turns.turn(company, len(data), timeout=MAX_QUEUE_SECONDS, max_bytes=MAX_WAITING):
            crashes = 0
            for _ in range(TRIES):
                try:
                    return await self._ask(data)
                except _Ended as ended:
                    log.warning("decoding process ended", code=ended.code)
                    crashes += ended.code in _CRASHES
                    if ended.code == _OUT_OF_TIME:
                        raise Unfit(SLOW) from None
                except TimeoutError:
                    log.warning("decoding process timed out")
                    break
            if crashes == TRIES:
                raise Unfit(BROKEN)
            raise Unavailable("the screenshot could not be processed now; no data is lost, try again", retry_after=5)

    async def run(self) -> None:
        """Ends the process when cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def close(self) -> int | None:
        """Ends the process unless it has ended, and returns its exit code; the next picture starts another."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.returncode is None:
            process.kill()
        await process.communicate()
        return process.returncode

    async def _ask(self, data: bytes) -> Rendered:
        try:
            async with asyncio.timeout(MAX_DECODING_SECONDS):
                reason, rendered = await self._exchange(data)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _Ended(await self._code()) from None
        except BaseException:  # cancellation included: an incomplete exchange would answer the next picture
            await self.close()
            raise
        if reason:
            raise Unfit(reason)
        return rendered

    async def _code(self) -> int | None:
        """The exit code of the process whose pipes have closed."""
        if self._process is not None:
            try:
                async with asyncio.timeout(1):
                    await self._process.wait()
            except TimeoutError:
                log.warning("decoding process closed its output")
        return await self.close()

    async def _exchange(self, data: bytes) -> tuple[str, Rendered]:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tracking.screenshots.imaging.worker"),
                stdin=PIPE,
                stdout=PIPE,
                env=_ENVIRONMENT,
            )
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise AssertionError("both were asked for")
        requests.write(REQUEST.pack(len(data)))
        for start in range(
            0, len(data), PIECE
        ):  # writing copies what the pipe does not accept, which would block other calls
            requests.write(data[start : start + PIECE])
            await requests.drain()
        reason, width, height, picture, thumbnail = ANSWER.unpack(await answers.readexactly(ANSWER.size))
        text = (await answers.readexactly(reason)).decode()
        return text, Rendered(width, height, await answers.readexactly(picture), await answers.readexactly(thumbnail))
