"""A fair lock: clients take turns, so each waits for at most one request of every other client."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from servicekit.errors import Unavailable

_MIN_SIZE_BYTES = 64 * 1024  # smaller requests count as this, so that many tiny ones cannot fill the queue


@dataclass(eq=False, slots=True)
class _Waiting:
    size: int
    ready: asyncio.Future[None]


class Turns:
    """A bounded queue for each client, served in rotation."""

    def __init__(self) -> None:
        self._queues: OrderedDict[Hashable, deque[_Waiting]] = OrderedDict()
        self._busy = False

    @asynccontextmanager
    async def turn(self, client: Hashable, size: int, *, timeout: float, max_bytes: int) -> AsyncIterator[None]:  # noqa: ASYNC109 - raises Unavailable
        """Enters at the turn of `client`. Raises Unavailable after `timeout` seconds, or if memory is full.

        `size`: bytes held while waiting. If more than `max_bytes` would wait, the newest requests of the client with
        the most waiting bytes are refused.
        """
        if self._busy:
            await self._wait(client, max(size, _MIN_SIZE_BYTES), timeout, max_bytes)
        self._busy = True
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, client: Hashable, size: int, timeout: float, max_bytes: int) -> None:  # noqa: ASYNC109 - raises Unavailable
        self._make_room(client, size, max_bytes)
        waiting = _Waiting(size, asyncio.get_running_loop().create_future())
        queue = self._queues.setdefault(client, deque())
        queue.append(waiting)
        try:
            async with asyncio.timeout(timeout):
                await waiting.ready
        except BaseException as error:
            if waiting in queue:
                self._remove(client, waiting)
            elif waiting.ready.done() and not waiting.ready.cancelled() and waiting.ready.exception() is None:
                self._pass_on()  # the turn came in the moment of the interruption
            if isinstance(error, TimeoutError):
                raise _busy() from None
            raise

    def _make_room(self, client: Hashable, size: int, max_bytes: int) -> None:
        held = {client: sum(waiting.size for waiting in queue) for client, queue in self._queues.items()}
        held[client] = held.get(client, 0) + size
        while sum(held.values()) > max_bytes and len(self._queues):
            most = max(held, key=held.__getitem__)
            if held[most] <= held[client]:
                raise _busy()
            dropped = self._queues[most][-1]
            self._remove(most, dropped)
            held[most] -= dropped.size
            dropped.ready.set_exception(_busy())

    def _remove(self, client: Hashable, waiting: _Waiting) -> None:
        queue = self._queues[client]
        queue.remove(waiting)
        if not queue:
            del self._queues[client]

    def _pass_on(self) -> None:
        while self._queues:
            client, queue = next(iter(self._queues.items()))
            waiting = queue.popleft()
            if queue:
                self._queues.move_to_end(client)
            else:
                del self._queues[client]
            if not waiting.ready.done():
                waiting.ready.set_result(None)
                return
        self._busy = False


def _busy() -> Unavailable:
    return Unavailable("too much at once; nothing is lost, try again", retry_after=5)
