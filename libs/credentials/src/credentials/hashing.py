"""The queue for password hashes: bounded, in threads of its own, and fair to those who wait.

A hash takes tens of milliseconds of a core, so concurrent sign-ins have to wait for one another. Who is signed in is
served first, then who comes with a known browser, then those whose address and account have no recent failure, then the
rest; within a class, one address after the other. Whoever would wait too long is told at once when to come again.
"""

import asyncio
import math
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Any

MAX_WAIT = 1.5  # seconds that somebody is let wait; longer, and the answer is to come again
MAX_WAIT_OF_KNOWN = 10.0  # seconds; many who come with known browsers must not fill the memory
THREADS = 2  # each hash takes 19 MiB
MIN_RETRY = 2.0  # seconds after which a crowd is asked to come again
FAILURE_KEPT = 900.0  # seconds that an address counts as one that has failed
LOWER_CLASS_EVERY = 8  # of so many hashes, one is for the lowest class that waits: none starves


class Crowded(Exception):
    """Too many people sign in at once; come again after `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"too many sign-ins at once; retry after {retry_after:.0f} s")
        self.retry_after = retry_after


class Standing(IntEnum):
    """Who is served first."""

    SIGNED_IN = 0  # never refused: each session has few attempts
    KNOWN = 1  # from a place that the account has been opened from
    FRESH = 2  # neither the address nor the account has failed lately
    REST = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is: in which class, and among which address's."""

    standing: Standing = Standing.SIGNED_IN
    address: str = ""


@dataclass(slots=True)
class _Job:
    work: Callable[[], Awaitable[Any]]
    done: asyncio.Future[Any]


class FairQueue:
    """Runs so many pieces of work at once; the others wait in their classes, one address after the other."""

    def __init__(self, slots: int, max_wait: float = MAX_WAIT, max_wait_of_known: float = MAX_WAIT_OF_KNOWN) -> None:
        self._threads = self._free = slots
        self._max_wait = {
            Standing.SIGNED_IN: math.inf,
            Standing.KNOWN: max_wait_of_known,
            Standing.FRESH: max_wait,
            Standing.REST: max_wait,
        }
        self._waiting: dict[Standing, OrderedDict[str, deque[_Job]]] = {
            standing: OrderedDict() for standing in Standing
        }
        self._seconds = 0.03  # what a hash has taken lately
        self._served = 0

    async def run(self, turn: Turn, work: Callable[[], Awaitable[Any]]) -> Any:
        """The result of `work`. Crowded: the wait would be too long."""
        wait = self.expected_wait(turn)
        if wait > self._max_wait[turn.standing]:
            raise Crowded(math.ceil(wait))
        job = _Job(work, asyncio.get_running_loop().create_future())
        self._waiting[turn.standing].setdefault(turn.address, deque()).append(job)
        self._start()
        return await job.done

    def expected_wait(self, turn: Turn) -> float:
        """Seconds until a job of this turn would start: those of higher classes and its own round come first."""
        ahead = sum(len(jobs) for s in Standing if s < turn.standing for jobs in self._waiting[s].values())
        own = self._waiting[turn.standing]
        place = len(own.get(turn.address, ())) + 1
        ahead += sum(min(len(jobs), place) for jobs in own.values())
        return (ahead - self._free) * self._seconds / self._threads if ahead >= self._free else 0.0

    def _start(self) -> None:
        while self._free and (job := self._next()):
            self._free -= 1
            started = time.monotonic()
            running = asyncio.ensure_future(job.work())
            running.add_done_callback(partial(self._finish, job, started))

    def _finish(self, job: _Job, started: float, future: asyncio.Future[Any]) -> None:
        self._free += 1
        self._served += 1
        self._seconds += (time.monotonic() - started - self._seconds) / 16
        if not job.done.cancelled():
            if error := future.exception():
                job.done.set_exception(error)
            else:
                job.done.set_result(future.result())
        self._start()

    def _next(self) -> _Job | None:
        """The job that is due; those that nobody waits for any more are passed over."""
        lowest_first = self._served % LOWER_CLASS_EVERY == LOWER_CLASS_EVERY - 1
        for standing in sorted(Standing, reverse=lowest_first):
            addresses = self._waiting[standing]
            while addresses:
                address, jobs = addresses.popitem(last=False)
                job = jobs.popleft()
                if jobs:
                    addresses[address] = jobs  # at the end of the round
                if not job.done.done():
                    return job
        return None


class HashQueue:
    """Runs hashes in threads; one for the whole process."""

    def __init__(
        self, threads: int = THREADS, max_wait: float = MAX_WAIT, max_wait_of_known: float = MAX_WAIT_OF_KNOWN
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, "passwords")
        self._line = FairQueue(threads, max_wait, max_wait_of_known)

    async def run(self, turn: Turn, work: Callable[[], Any]) -> Any:
        """The result of `work`, which runs in a thread. Crowded: the wait would be too long."""

        async def in_thread() -> Any:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)

        return await self._line.run(turn, in_thread)


class Lobby:
    """Where attempts wait to be counted: a crowd must not take every connection to the database.

    Who is known and which address has failed lately is remembered by the process alone, so that it costs no statement.
    """

    def __init__(self, slots: int = 6, kept: int = 50_000) -> None:
        self._line = FairQueue(slots)
        self._kept = kept
        self._known: OrderedDict[tuple[bytes, bytes], None] = OrderedDict()
        self._failed: OrderedDict[str, float] = OrderedDict()
        self._told: OrderedDict[str, float] = OrderedDict()  # until when an address was asked to wait

    async def run(self, place: bytes, account: bytes, address: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """The result of `work`; `account` is a digest of the e-mail. Crowded: the wait would be too long.

        A caller who was told when to come again and comes earlier is served last: a crowd that hammers must not
        overtake those who wait as they were told.
        """
        turn = Turn(self._standing(place, account, address), address)
        try:
            return await self._line.run(turn, work)
        except Crowded as crowded:
            seconds = max(MIN_RETRY, crowded.retry_after)
            self._told[address] = time.monotonic() + seconds - 0.5
            if len(self._told) > self._kept:
                self._told.popitem(last=False)
            raise Crowded(seconds) from None

    def succeeded(self, place: bytes, account: bytes) -> None:
        """The account was opened from this place, or is known to have been."""
        self._known[place, account] = None
        self._known.move_to_end((place, account))
        if len(self._known) > self._kept:
            self._known.popitem(last=False)

    def refused(self, place: bytes, account: bytes) -> None:
        """An attempt at the account from this place was refused, or it is not known there any more."""
        self._known.pop((place, account), None)

    def failed(self, address: str) -> None:
        """An attempt from this address failed or was refused."""
        self._failed[address] = time.monotonic() + FAILURE_KEPT
        self._failed.move_to_end(address)
        if len(self._failed) > self._kept:
            self._failed.popitem(last=False)

    def _standing(self, place: bytes, account: bytes, address: str) -> Standing:
        if (place, account) in self._known:
            return Standing.KNOWN
        now = time.monotonic()
        if self._failed.get(address, 0) > now or self._told.get(address, 0) > now:
            return Standing.REST
        return Standing.FRESH


_queue = HashQueue()


async def in_turn(turn: Turn, work: Callable[[], Any]) -> Any:
    """The same with the process's queue."""
    return await _queue.run(turn, work)
