"""Turns of companies at something that only one may use at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID


class Turns:
    """A fair lock: companies take turns, so one company's backlog delays another by one turn only."""

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: dict[int, deque[asyncio.Future[None]]] = {}  # by the integer of the company's id, in their order

    @asynccontextmanager
    async def of(self, company_id: UUID) -> AsyncIterator[None]:
        """Waits for the company's turn and holds it."""
        await self._wait(company_id.int)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, company: int) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(company, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came in the moment of the cancellation
                self._pass_on()
            else:
                self._withdraw(company, turn)
            raise

    def _withdraw(self, company: int, turn: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(company, deque())
        if turn in waiting:
            waiting.remove(turn)
        if not waiting:
            self._waiting.pop(company, None)

    def _pass_on(self) -> None:
        while self._waiting:
            company = next(iter(self._waiting))
            waiting = self._waiting.pop(company)
            while waiting:
                turn = waiting.popleft()
                if turn.done():  # cancelled, and its waiter has not been told yet
                    continue
                if waiting:
                    self._waiting[company] = waiting  # behind the other companies
                turn.set_result(None)
                return
        self._is_taken = False
