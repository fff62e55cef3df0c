"""Whose token is it? Remembered, and confirmed again for a whole company at once, so that calls ask no database."""

import time
from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.tokens import token_digest
from tracking.store import devices
from tracking.store.devices import Device
from tracking.store.scope import company_scope

REMEMBERED = 5.0  # seconds: how long a revoked token may still pass
CONFIRMED_EVERY = 3.0  # seconds
SHOWN_WITHIN = 30.0  # seconds: a token that nobody has shown for longer is not confirmed again, and forgotten

Key = tuple[UUID, bytes]


@dataclass(slots=True)
class _Known:
    device: Device
    until: float  # monotonic, as `shown`
    shown: float


class Authenticator:
    """Devices by company and token, in memory."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known: dict[Key, _Known] = {}

    def remembered(self, company_id: UUID, token: str) -> Device | None:
        """The device that holds the token, if that is known at this moment."""
        known = self._known.get((company_id, token_digest(token)))
        now = time.monotonic()
        if known is None or known.until <= now:
            return None
        known.shown = now
        return known.device

    async def device(self, company_id: UUID, token: str) -> Device | None:
        """The device that holds the token in this company; None when it was revoked, or is another company's."""
        if device := self.remembered(company_id, token):
            return device
        asked, digest = time.monotonic(), token_digest(token)
        async with company_scope(self._engine, company_id) as tx:
            device = (await devices.by_tokens(tx, [digest])).get(digest)
        if device is None:
            self._known.pop((company_id, digest), None)
        else:
            self._known[company_id, digest] = _Known(device, asked + REMEMBERED, asked)
        return device

    def forget(self, company_id: UUID, token: str) -> None:
        """Reads the device again at its next call."""
        self._known.pop((company_id, token_digest(token)), None)

    async def confirm(self) -> bool:
        """Asks again, one statement a company, for the tokens that were shown of late, and forgets the others."""
        by_company: dict[UUID, dict[bytes, _Known]] = defaultdict(dict)
        oldest = time.monotonic() - SHOWN_WITHIN
        for (company_id, digest), known in list(self._known.items()):
            if known.shown >= oldest:
                by_company[company_id][digest] = known
            else:
                del self._known[company_id, digest]
        for company_id, shown in by_company.items():
            asked = time.monotonic()
            async with company_scope(self._engine, company_id) as tx:
                found = await devices.by_tokens(tx, list(shown))
            for digest, known in shown.items():
                if self._known.get((company_id, digest)) is not known:
                    continue  # forgotten or read anew meanwhile
                if device := found.get(digest):
                    known.device, known.until = device, asked + REMEMBERED
                else:
                    del self._known[company_id, digest]
        return False
