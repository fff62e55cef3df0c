"""Which company is calling, and may it?"""

import asyncio
import time
from contextlib import suppress
from datetime import datetime

from tracking.access.rules.company_keys import is_key
from tracking.access.rules.directory import Access, AccessDirectory, Verdict
from tracking.access.worker import AccessSync

LONGEST_ASK = 1.0  # seconds a call waits for tenancy and billing: trackers call on the thread of their window


class Admission:
    """Decides from the directory; asks its sources where that might change a refusal."""

    def __init__(self, directory: AccessDirectory, sync: AccessSync) -> None:
        self._directory = directory
        self._sync = sync

    async def decide(self, key: bytes | None, now: datetime) -> Access:
        """The verdict on a call with this company key."""
        access = self._directory.decide(key, now=now, monotonic=time.monotonic())
        if access.verdict is Verdict.UNCONFIRMED or (access.verdict is Verdict.KEY_INVALID and is_key(key)):
            # Perhaps the company is a second old, or tenancy has just come back: ask before refusing.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sync.refresh(), LONGEST_ASK)
            access = self._directory.decide(key, now=now, monotonic=time.monotonic())
        return access
