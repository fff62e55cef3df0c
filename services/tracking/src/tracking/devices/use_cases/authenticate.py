"""Authenticates devices from memory; the database notifies the gateway of every changed device."""

import time
from typing import NoReturn
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.tokens import token_digest
from servicekit.notifications import listen
from tracking.db.store.scope import company_scope
from tracking.devices.store import devices
from tracking.devices.store.devices import Device

MAX_STALE_SECONDS = 5.0  # seconds without a response from the database, after which the memory is stale
PING_SECONDS = 2.0  # seconds
CAPACITY = 250_000

Key = tuple[int, bytes]  # of a company the integer of its id, since a UUID hashes in Python


class Authenticator:
    """Devices by company and token, in memory."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known: dict[Key, Device] = {}
        self._keys: dict[str, Key] = {}  # by device, for notifications
        self._forgotten = 0  # the number of removals because of a change
        self._confirmed = float("-inf")  # monotonic; all changes before it have been applied

    def remembered(self, company_id: UUID, token: str) -> Device | None:
        """The device that holds the token, if it is in memory and the memory is not stale."""
        if time.monotonic() - self._confirmed > MAX_STALE_SECONDS:
            return None
        return self._known.get((company_id.int, token_digest(token)))

    async def device(self, company_id: UUID, token: str) -> Device | None:
        """The device that holds the token in this company; None if it is revoked or belongs to another company."""
        if device := self.remembered(company_id, token):
            return device
        forgotten, confirmed, key = self._forgotten, self._confirmed, (company_id.int, token_digest(token))
        async with company_scope(self._engine, company_id) as tx:
            device = await devices.by_token(tx, key[1])
        if (
            device is not None and forgotten == self._forgotten and confirmed > 0
        ):  # otherwise the device may have changed since it was read
            self._remember(key, device)
        return device

    def forget(self, device: Device) -> None:
        """Reads the device from the database at its next call, without waiting for the notification."""
        self._forgotten += 1
        self._drop(str(device.device_id))

    async def follow_changes(self) -> NoReturn:
        """Removes changed devices from memory for as long as the database notifies; raises when it stops."""
        self._known.clear()
        self._keys.clear()
        self._forgotten += 1
        try:
            await listen(self._engine, devices.CHANGED, self._hear, interval=PING_SECONDS)
        finally:
            self._confirmed = float("-inf")

    async def _hear(self, moment: float, changed: list[str]) -> None:
        self._forgotten += len(changed)
        for device_id in changed:
            self._drop(device_id)
        self._confirmed = moment

    def _remember(self, key: Key, device: Device) -> None:
        if len(self._keys) >= CAPACITY:
            self._drop(next(iter(self._keys)))
        self._known[key] = device
        self._keys[str(device.device_id)] = key

    def _drop(self, device_id: str) -> None:
        if key := self._keys.pop(device_id, None):
            self._known.pop(key, None)
