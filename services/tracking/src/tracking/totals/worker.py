"""The aggregator's loop: finds companies with waiting entries and folds them, many at a time."""

import asyncio
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.telemetry import span
from tracking.totals.store import fold_queue
from tracking.totals.use_cases import Encode, fold_companies

log = structlog.get_logger()

# Claims that arrive between two passes cost less folded together, so the pause grows with the cost of a pass.
MIN_REST_SECONDS = 1.0  # minimum seconds of a pause
REST_FACTOR = 8  # factor of the pass's duration
MAX_REST_SECONDS = 2.0  # seconds
COMPANIES_AT_ONCE = 64
MAX_PAUSE_SECONDS = 60.0  # seconds until a company whose fold failed gets its next turn


class Aggregation:
    """One per process. A company whose fold fails does not stop the others, and is retried after growing pauses."""

    def __init__(
        self, engine: AsyncEngine, dispatch: AsyncEngine, encode: Encode, announced: Callable[[], None]
    ) -> None:
        """`engine` has the fold role; `announced` is called after each turn."""
        self._engine = engine
        self._dispatch = dispatch
        self._encode = encode
        self._announced = announced
        self._pauses: dict[UUID, tuple[float, float]] = {}  # seconds, and until when (monotonic)

    async def fold_and_rest(self) -> bool:
        """One pass, followed by a pause unless there is more."""
        began = time.monotonic()
        if not await self.fold_waiting():
            await asyncio.sleep(min(max(MIN_REST_SECONDS, REST_FACTOR * (time.monotonic() - began)), MAX_REST_SECONDS))
        return True

    async def fold_waiting(self) -> bool:
        """Gives each waiting company a turn; returns whether any has more entries than one turn takes."""
        async with self._dispatch.begin() as tx:
            waiting = await fold_queue.companies_waiting(tx)
        due = [company_id for company_id in waiting if self._is_due(company_id)]
        more = False
        for start in range(0, len(due), COMPANIES_AT_ONCE):
            more |= await self._turn(due[start : start + COMPANIES_AT_ONCE])
        return more

    async def _turn(self, company_ids: Sequence[UUID]) -> bool:
        try:
            with span("fold companies"):
                more = await fold_companies(self._engine, company_ids, self._encode)
        except Exception as error:
            if len(company_ids) > 1:  # one by one, to find the company that fails
                return any([await self._turn([company_id]) for company_id in company_ids])
            self._pause(company_ids[0], error)
            return False
        for company_id in company_ids:
            self._pauses.pop(company_id, None)
        self._announced()
        return more

    def _is_due(self, company_id: UUID) -> bool:
        return company_id not in self._pauses or self._pauses[company_id][1] <= time.monotonic()

    def _pause(self, company_id: UUID, error: Exception) -> None:
        seconds = min(2 * self._pauses.get(company_id, (MIN_REST_SECONDS / 2, 0.0))[0], MAX_PAUSE_SECONDS)
        self._pauses[company_id] = seconds, time.monotonic() + seconds
        log.error("company not folded", company_id=str(company_id), error=repr(error), next_try_in=seconds)
