"""A bounded, fair queue for password hashes, which run in separate threads.

A hash takes tens of milliseconds of a core, so concurrent sign-ins have to wait. People who are signed in come first,
then known places of the account, then addresses and accounts without a recent failure, then the rest. Within a class,
addresses take turns. An attempt that would wait too long is refused at once, with the time of the next attempt.
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

MAX_WAIT_SECONDS = 1.5  # a longer expected wait is refused
MAX_WAIT_OF_KNOWN_SECONDS = 10.0  # for known places, whose waiting attempts must not fill the memory either
THREADS = 2  # each hash takes 19 MiB
MIN_RETRY_SECONDS = 2.0
FAILURE_MEMORY_SECONDS = 900.0  # how long a failure of an address is remembered
LOWEST_CLASS_INTERVAL = 8  # every eighth hash is of the lowest waiting class, so that no class starves


class TooManySignIns(Exception):
    """Too many concurrent sign-ins; a repetition may succeed after `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"too many sign-ins at once; retry after {retry_after:.0f} s")
        self.retry_after = retry_after


class Priority(IntEnum):
    """The priority class of an attempt; lower values are served first."""

    SIGNED_IN = 0  # never refused: each session has few attempts
    KNOWN = 1  # from a known place of the account
    FRESH = 2  # without a recent failure of the address or the account
    REST = 3


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """The class of an attempt, and the address with which it takes turns."""

    priority: Priority = Priority.SIGNED_IN
    address: str = ""


@dataclass(slots=True)
class _Job:
    work: Callable[[], Awaitable[Any]]
    done: asyncio.Future[Any]


class FairQueue:
    """Runs up to `slots` jobs concurrently; the others wait in their classes, where addresses take turns."""

    def __init__(
        self, slots: int, max_wait: float = MAX_WAIT_SECONDS, max_wait_of_known: float = MAX_WAIT_OF_KNOWN_SECONDS
    ) -> None:
        self._threads = self._free = slots
        self._max_wait = {
            Priority.SIGNED_IN: math.inf,
            Priority.KNOWN: max_wait_of_known,
            Priority.FRESH: max_wait,
            Priority.REST: max_wait,
        }
        self._waiting: dict[Priority, OrderedDict[str, deque[_Job]]] = {
            priority: OrderedDict() for priority in Priority
        }
        self._seconds = 0.03  # moving average of a job's duration
        self._served = 0

    async def run(self, queue_place: QueuePlace, work: Callable[[], Awaitable[Any]]) -> Any:
        """Returns the result of `work`. Raises TooManySignIns if the wait would be too long."""
        wait = self.expected_wait(queue_place)
        if wait > self._max_wait[queue_place.priority]:
            raise TooManySignIns(math.ceil(wait))
        job = _Job(work, asyncio.get_running_loop().create_future())
        self._waiting[queue_place.priority].setdefault(queue_place.address, deque()).append(job)
        self._start()
        return await job.done

    def expected_wait(self, queue_place: QueuePlace) -> float:
        """Returns the seconds until a job at this place would start, after higher classes and its own round."""
        ahead = sum(len(jobs) for s in Priority if s < queue_place.priority for jobs in self._waiting[s].values())
        own = self._waiting[queue_place.priority]
        place = len(own.get(queue_place.address, ())) + 1
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
        """Returns the next job; skips jobs whose callers have stopped waiting."""
        lowest_first = self._served % LOWEST_CLASS_INTERVAL == LOWEST_CLASS_INTERVAL - 1
        for priority in sorted(Priority, reverse=lowest_first):
            addresses = self._waiting[priority]
            while addresses:
                address, jobs = addresses.popitem(last=False)
                job = jobs.popleft()
                if jobs:
                    addresses[address] = jobs  # at the end of the round
                if not job.done.done():
                    return job
        return None


class HashQueue:
    """Runs hashes in threads; one instance serves the whole process."""

    def __init__(
        self,
        threads: int = THREADS,
        max_wait: float = MAX_WAIT_SECONDS,
        max_wait_of_known: float = MAX_WAIT_OF_KNOWN_SECONDS,
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, "passwords")
        self._queue = FairQueue(threads, max_wait, max_wait_of_known)

    async def run(self, queue_place: QueuePlace, work: Callable[[], Any]) -> Any:
        """Returns the result of `work`, run in a thread. Raises TooManySignIns if the wait would be too long."""

        async def in_thread() -> Any:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)

        return await self._queue.run(queue_place, in_thread)


class HashingAdmission:
    """Admission of attempts before they are counted, so that a burst cannot take every database connection.

    Known places and recent failures are kept in the memory of the process, so that they cost no statement.
    """

    def __init__(self, slots: int = 6, kept: int = 50_000) -> None:
        self._queue = FairQueue(slots)
        self._kept = kept
        self._known: OrderedDict[tuple[bytes, bytes], None] = OrderedDict()
        self._failed: OrderedDict[str, float] = OrderedDict()
        self._told: OrderedDict[str, float] = OrderedDict()  # by address: when its Retry-After ends

    async def run(self, place: bytes, account: bytes, address: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Returns the result of `work`; `account` is a digest of the e-mail. Raises TooManySignIns for too long a wait.

        A caller who retries before its Retry-After has passed is served last, and cannot overtake those who wait.
        """
        queue_place = QueuePlace(self._priority(place, account, address), address)
        try:
            return await self._queue.run(queue_place, work)
        except TooManySignIns as crowded:
            seconds = max(MIN_RETRY_SECONDS, crowded.retry_after)
            self._told[address] = time.monotonic() + seconds - 0.5
            if len(self._told) > self._kept:
                self._told.popitem(last=False)
            raise TooManySignIns(seconds) from None

    def succeeded(self, place: bytes, account: bytes) -> None:
        """Remembers the place as known for the account."""
        self._known[place, account] = None
        self._known.move_to_end((place, account))
        if len(self._known) > self._kept:
            self._known.popitem(last=False)

    def refused(self, place: bytes, account: bytes) -> None:
        """Forgets the place: an attempt from it was refused, or it is no longer known."""
        self._known.pop((place, account), None)

    def failed(self, address: str) -> None:
        """Remembers that an attempt from this address failed or was refused."""
        self._failed[address] = time.monotonic() + FAILURE_MEMORY_SECONDS
        self._failed.move_to_end(address)
        if len(self._failed) > self._kept:
            self._failed.popitem(last=False)

    def _priority(self, place: bytes, account: bytes, address: str) -> Priority:
        if (place, account) in self._known:
            return Priority.KNOWN
        now = time.monotonic()
        if self._failed.get(address, 0) > now or self._told.get(address, 0) > now:
            return Priority.REST
        return Priority.FRESH


_queue = HashQueue()


async def in_turn(queue_place: QueuePlace, work: Callable[[], Any]) -> Any:
    """Runs `work` in the queue of the process."""
    return await _queue.run(queue_place, work)
