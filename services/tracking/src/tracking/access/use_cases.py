"""Agents that wait to be told of a change: each holds a future, no thread and no connection to the database."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from servicekit.errors import Unavailable

MOST_WAITERS = 20_000  # of one process


class ConfigWatch:
    """Who waits, by company and device. A device waits once: when it asks again, its older call is answered."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, dict[UUID, asyncio.Future[bool]]] = defaultdict(dict)
        self._count = 0

    def changed(self, company_ids: Iterable[UUID]) -> None:
        """Ends the waits of these companies' devices."""
        for company_id in company_ids:
            for waiter in self._waiting.get(company_id, {}).values():
                _end(waiter, changed=True)

    async def wait(self, company_id: UUID, device_id: UUID, seconds: float) -> bool:
        """True after a change; False after so many seconds, or when the device asks again.

        Unavailable: too many are waiting.
        """
        if self._count >= MOST_WAITERS:
            raise Unavailable("too many agents wait for changes; ask again later", retry_after=30)
        devices = self._waiting[company_id]
        if device_id in devices:
            _end(devices[device_id], changed=False)
        waiter = devices[device_id] = asyncio.get_running_loop().create_future()
        self._count += 1
        try:
            return await asyncio.wait_for(waiter, seconds)
        except TimeoutError:
            return False
        finally:
            self._count -= 1
            if devices.get(device_id) is waiter:
                del devices[device_id]
            if not devices:
                self._waiting.pop(company_id, None)


def _end(waiter: "asyncio.Future[bool]", *, changed: bool) -> None:
    if not waiter.done():
        waiter.set_result(changed)
