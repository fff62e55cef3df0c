"""The gateway's side of its decoding process: one picture at a time, companies by turns, within limits.

A picture is refused for what it is, never for what else the machine has to do: how long one may take is measured in
seconds of processor time, and whatever depends on the load ends in Unavailable, so that the picture is sent again.
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

MAX_QUEUE_SECONDS = 10.0  # this and the next are seconds on the clock: a tracker waits thirty for its answer
MAX_DECODING_SECONDS = 12.0
PIECE = 256 * 1024  # bytes handed over at once
MAX_WAITING = 64 * 1024**2  # bytes of pictures in line
TRIES = 2  # something else may have ended the process; a picture that crashes two is to blame itself
# None of the gateway's secrets. The allocator of glibc gives memory of this size back when a picture is done.
_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "1048576"}
# What a decoder does to itself. Others, like the kernel when memory is short, end processes with SIGKILL or SIGTERM.
_CRASHES = frozenset({-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGILL})
_OUT_OF_TIME = -signal.SIGPROF


class _Ended(Exception):
    """The process ended instead of answering."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the decoding process ended with {code}")
        self.code = code


class Decoder:
    """One process, started with the first picture and again when it has ended."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turns = Turns()

    async def render(self, data: bytes, *, company: Hashable = None) -> Rendered:
        """The picture made safe. Unfit: it never will be. Unavailable: not now, and it may come again."""
        async with self._turns.turn(company, len(data), patience=MAX_QUEUE_SECONDS, max_bytes=MAX_WAITING):
            crashes = 0
            for _ in range(TRIES):
                try:
                    return await self._ask(data)
                except _Ended as ended:
                    log.warning("the decoding process ended", code=ended.code)
                    crashes += ended.code in _CRASHES
                    if ended.code == _OUT_OF_TIME:
                        raise Unfit(SLOW) from None
                except TimeoutError:
                    log.warning("the decoding process does not answer")
                    break
            if crashes == TRIES:
                raise Unfit(BROKEN)
            raise Unavailable("the screenshot could not be processed now; nothing is lost, try again", retry_after=5)

    async def run(self) -> None:
        """Ends the process when cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def close(self) -> int | None:
        """Ends the process, unless it has ended, and says with which code; the next picture starts another."""
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
        except BaseException:  # also when cancelled: half an exchange would answer the next picture
            await self.close()
            raise
        if reason:
            raise Unfit(reason)
        return rendered

    async def _code(self) -> int | None:
        """With which code the process ends whose pipes are closed."""
        if self._process is not None:
            try:
                async with asyncio.timeout(1):
                    await self._process.wait()
            except TimeoutError:
                log.warning("the decoding process closed its output and goes on")
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
        ):  # a write copies what the pipe does not take: others would wait for that
            requests.write(data[start : start + PIECE])
            await requests.drain()
        reason, width, height, picture, thumbnail = ANSWER.unpack(await answers.readexactly(ANSWER.size))
        text = (await answers.readexactly(reason)).decode()
        return text, Rendered(width, height, await answers.readexactly(picture), await answers.readexactly(thumbnail))
