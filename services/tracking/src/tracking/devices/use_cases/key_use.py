"""Which devices use which company key: collected in memory, stored with the devices, reported to tenancy.

After a rotation with a grace period, the owner sees how many devices still use the old key.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.access.rules.company_keys import CompanyKey, KeyUse
from tracking.db.store.scope import companies_scope, some_at_once
from tracking.devices.store import key_use

STILL_IN_USE = timedelta(days=7)  # a device that was inactive for longer is not counted


Tell = Callable[[Sequence[KeyUse]], Awaitable[None]]


class KeyUses:
    """After a crash, the next calls provide what was lost."""

    def __init__(self, engine: AsyncEngine, tell: Tell) -> None:
        """`engine` has the heartbeat role; `tell` reports to tenancy."""
        self._engine = engine
        self._tell = tell
        self._heard: dict[int, tuple[CompanyKey, UUID, datetime]] = {}  # keyed by the integer of the device's id
        self._newest: dict[bytes, bytes] = {}

    def note(self, key: CompanyKey, device_id: UUID, now: datetime) -> None:
        """Records that a device called with the key."""
        self._heard[device_id.int] = key, device_id, now

    async def report(self) -> bool:
        """Stores the recorded calls, many companies in a transaction, and reports the number of devices of each key."""
        calls, self._heard = self._heard, {}
        if not calls:
            return False
        heard: dict[int, list[tuple[UUID, bytes, datetime]]] = defaultdict(list)
        for key, device_id, at in calls.values():
            heard[key.company_id.int].append((device_id, key.digest, at))
            if key.newest_digest is not None:
                self._newest[key.digest] = key.newest_digest
        now = max((at for _key, _device_id, at in calls.values()))
        uses: list[KeyUse] = []
        for ids in some_at_once(heard):
            async with companies_scope(self._engine, ids) as tx:
                await key_use.saw_devices(tx, [(i, *call) for i in ids for call in heard[i.int]])
                uses += [
                    KeyUse(company_id, digest, last_used_at, count, now, self._newest.get(digest))
                    for company_id, digest, last_used_at, count in await key_use.count_by_key(tx, now - STILL_IN_USE)
                ]
        if uses:
            await self._tell(uses)
        return False
