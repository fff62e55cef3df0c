"""Whose token is it? Remembered for a few seconds, so that a desktop's calls do not each ask the database."""

import time
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.passwords import token_digest
from tracking.store import devices
from tracking.store.devices import Device
from tracking.store.scope import company_scope

REMEMBERED = 5.0  # seconds: how long a revoked token may still pass
CAPACITY = 100_000


@dataclass(frozen=True, slots=True)
class _Known:
    device: Device
    until: float


class Authenticator:
    """Devices by company and token, in memory."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known: dict[tuple[UUID, bytes], _Known] = {}

    async def device(self, company_id: UUID, token: str) -> Device | None:
        """The device that holds the token in this company; None when it was revoked, or is another company's."""
        key = company_id, token_digest(token)
        known = self._known.get(key)
        if known is not None and known.until > time.monotonic():
            return known.device
        async with company_scope(self._engine, company_id) as tx:
            device = await devices.by_token(tx, key[1])
        if device is None:
            self._known.pop(key, None)
            return None
        if len(self._known) >= CAPACITY:
            self._known.clear()
        self._known[key] = _Known(device, time.monotonic() + REMEMBERED)
        return device

    def forget(self, company_id: UUID, token: str) -> None:
        """Reads the device again at its next call."""
        self._known.pop((company_id, token_digest(token)), None)
