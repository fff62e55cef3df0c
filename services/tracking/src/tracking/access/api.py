"""Admission: whether a company may make a call, by its key."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime

from tracking.access.rules.company_keys import is_key
from tracking.access.rules.directory import Access, AccessDirectory, Verdict
from tracking.access.worker import AccessSync

MAX_REFRESH_SECONDS = 1.0  # seconds a call waits for tenancy and billing; trackers call on their user interface thread


class Admission:
    """Decides by the access directory, and refreshes it where that might turn a refusal into an admission."""

    def __init__(self, directory: AccessDirectory, sync: AccessSync) -> None:
        self._directory = directory
        self._sync = sync

    async def decide(self, key: bytes | None, now: datetime) -> Access:
        """The verdict on a call with this company key."""
        access = self._directory.decide(key, now=now, monotonic=time.monotonic())
        if access.verdict is Verdict.UNCONFIRMED or (access.verdict is Verdict.KEY_INVALID and is_key(key)):
            # The company may be a second old, or tenancy may have just recovered.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sync.refresh(), MAX_REFRESH_SECONDS)
            access = self._directory.decide(key, now=now, monotonic=time.monotonic())
        return access
