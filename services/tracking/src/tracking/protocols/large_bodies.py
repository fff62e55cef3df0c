"""Admission of large request bodies: a limit on the bytes held in memory at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from servicekit.errors import RateLimited, Unavailable

SMALL_BODY = 256 * 1024  # bytes that the gateway decodes in its own process, in about a millisecond

START = 64 * 1024  # bytes of a large body that are read before the sender is authenticated

MAX_HELD_BYTES = 160 * 1024**2  # bytes of large bodies in memory at once, of all companies

MAX_HELD_BYTES_PER_COMPANY = 40 * 1024**2

MAX_ADMISSION_SECONDS = 5.0  # seconds that a body waits for admission


class BodyAdmission:
    """The memory for large bodies."""

    def __init__(self) -> None:
        self._held: Counter[int] = Counter()  # keyed by the integer of the company's id
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def of(self, company_id: UUID, size: int) -> AsyncIterator[None]:
        """Reserves `size` bytes. RateLimited: the company has its share. Unavailable: none are left."""
        company = company_id.int
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_ADMISSION_SECONDS):
                while self._is_short_of(company, size):
                    self._freed.clear()
                    await self._freed.wait()
        if self._held[company] and self._held[company] + size > MAX_HELD_BYTES_PER_COMPANY:
            raise RateLimited("too many large uploads of this company at once; no data is lost", retry_after=2)
        if self._is_short_of(company, size):
            raise Unavailable("too many large uploads at once; no data is lost, try again", retry_after=2)
        self._held[company] += size
        try:
            yield
        finally:
            self._held[company] -= size
            if not self._held[company]:
                del self._held[company]
            self._freed.set()

    def _is_short_of(self, company: int, size: int) -> bool:
        own = self._held.get(company, 0)
        return (own > 0 and own + size > MAX_HELD_BYTES_PER_COMPANY) or self._held.total() + size > MAX_HELD_BYTES
