"""Agents waiting for a configuration change: each holds a future, and neither a thread nor a database connection."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from servicekit.errors import Unavailable

MAX_WAITERS = 20_000  # per process


class ConfigWatch:
    """Waiting calls by company and device. A device waits once: its next call ends the wait of its earlier one."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, dict[UUID, asyncio.Future[bool]]] = defaultdict(dict)
        self._count = 0

    def changed(self, company_ids: Iterable[UUID]) -> None:
        """Ends the waits of these companies' devices."""
        for company_id in company_ids:
            for waiter in self._waiting.get(company_id, {}).values():
                _end(waiter, changed=True)

    async def wait(self, company_id: UUID, device_id: UUID, seconds: float) -> bool:
        """True after a change; False after `seconds`, or when the device calls again.

        Unavailable: too many agents are waiting.
        """
        if self._count >= MAX_WAITERS:
            raise Unavailable("too many agents are waiting for changes; try again later", retry_after=30)
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
