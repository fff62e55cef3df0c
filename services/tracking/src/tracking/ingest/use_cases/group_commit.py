"""Group commit: uploads of the same few milliseconds share one transaction and are answered after its COMMIT."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

import structlog

from servicekit.errors import RateLimited, Unavailable
from tracking.ingest.fastpath.store.packing import Upload
from tracking.ingest.fastpath.store.writer import IngestWriter, NotStorable

log = structlog.get_logger()

# A COMMIT costs as much as some dozen rows, so a group waits while more uploads come.
QUIET_SECONDS = 0.001  # seconds without another upload
MAX_COLLECTING_SECONDS = 0.01  # seconds
FAIRNESS_SECONDS = 0.03  # seconds that a company with more than its share waits for uploads of others
FULL_GROUP_ROWS = 1_000  # rows
MAX_GROUP_ROWS = 10_000  # rows
MAX_QUEUED_ROWS = 200_000  # rows; beyond it, refusing an upload is better than delaying it
MAX_UPLOADS = 128  # uploads at once; beyond them each company gets its share
MIN_UPLOADS_PER_COMPANY = 8  # uploads that a company may always have at once
BUSY_UPLOADS = 32  # waiting uploads beyond which a group takes at most the others' average from one company

Answered = Callable[[Exception | None], None]
"""Called once in a later turn of the loop: with None when the upload is durable, with an error when it may not be."""

Waiting = tuple[Upload, Answered]


class GroupCommit:
    """One writer; while it commits a group, the next one collects.

    A company with more uploads than the others waits for itself: a group takes hardly more uploads of one company than
    of another. The rest of its uploads waits briefly for the others, who have just been answered, to send their next.
    """

    def __init__(self, writer: IngestWriter) -> None:
        self._writer = writer
        self._loop = (
            asyncio.get_running_loop()
        )  # kept: asking for it costs a system call, which is noticeable in an upload of one row
        # Keyed by the integer of the company's id (a UUID hashes in Python), in the order of turns.
        self._waiting: dict[int, deque[Waiting]] = {}
        self._uploads_waiting = self._rows_waiting = 0
        self._over: set[int] = set()  # companies that had more than their share in the last group
        self._unanswered: dict[int, int] = {}  # uploads by company
        self._uploads = 0
        self._wake = asyncio.Event()
        self._others = asyncio.Event()  # set when a company with at most its share submits

    def check_admission(self, company_id: UUID) -> None:
        """RateLimited: there are too many uploads, and this company has its share of them and more than a few."""
        if self._uploads < MAX_UPLOADS:
            return
        own = self._unanswered.get(company_id.int, 0)
        if own >= MIN_UPLOADS_PER_COMPANY and own * len(self._unanswered) >= MAX_UPLOADS:
            raise RateLimited("too many uploads of this company at once; no data is lost, try again", retry_after=1)

    def submit(self, upload: Upload, answered: Answered) -> None:
        """Submits the upload. `answered` gets Unavailable if the upload may be repeated unchanged."""
        if self._rows_waiting > MAX_QUEUED_ROWS:
            error = Unavailable("too many uploads at once; no data is lost, try again", retry_after=2)
            self._loop.call_soon(answered, error)
            return
        company = upload.company_id.int
        if (waiting := self._waiting.get(company)) is None:
            waiting = self._waiting[company] = deque()
        waiting.append((upload, answered))
        self._uploads_waiting += 1
        self._rows_waiting += upload.rows
        self._uploads += 1
        self._unanswered[company] = self._unanswered.get(company, 0) + 1
        self._wake.set()
        if company not in self._over:
            self._others.set()

    async def store(self, upload: Upload) -> None:
        """Returns once the upload is durable. Unavailable: it may not be, and may be repeated unchanged."""
        stored: asyncio.Future[None] = self._loop.create_future()

        def answered(error: Exception | None) -> None:
            if stored.done():
                return  # the caller was cancelled
            if error is None:
                stored.set_result(None)
            else:
                stored.set_exception(error)

        self.submit(upload, answered)
        await stored

    async def run(self) -> None:
        """Writes groups until cancelled; waiting uploads are then refused."""
        try:
            while True:
                await self._wake.wait()
                await self._gather()
                await self._commit(self._take())
                if not self._waiting:
                    self._wake.clear()
        finally:
            self._refuse([one for waiting in self._waiting.values() for one in waiting])
            await self._writer.close()

    async def _gather(self) -> None:
        if self._over.issuperset(self._waiting):
            self._others.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(FAIRNESS_SECONDS):
                    await self._others.wait()
        latest = time.monotonic() + MAX_COLLECTING_SECONDS
        before = 0
        while before < self._uploads_waiting and self._rows_waiting < FULL_GROUP_ROWS and time.monotonic() < latest:
            before = self._uploads_waiting
            await asyncio.sleep(QUIET_SECONDS)

    def _take(self) -> list[Waiting]:
        group: list[Waiting] = []
        rows = 0
        self._over.clear()
        uploads, companies = self._uploads_waiting, len(self._waiting)
        room = 1 if uploads > BUSY_UPLOADS else MIN_UPLOADS_PER_COMPANY
        for company in list(self._waiting):
            waiting = self._waiting.pop(company)
            share = len(waiting)
            if companies > 1 and share > room:
                share = max(room, (uploads - share) // (companies - 1))
            while waiting and share and rows < MAX_GROUP_ROWS:
                share -= 1
                rows += waiting[0][0].rows
                group.append(waiting.popleft())
            if waiting:
                self._waiting[company] = waiting  # behind those that have waited longer
                if not share:
                    self._over.add(company)
            if rows >= MAX_GROUP_ROWS:
                break
        self._uploads_waiting -= len(group)
        self._rows_waiting -= rows
        return group

    async def _commit(self, group: list[Waiting]) -> None:
        try:
            await self._writer.write([upload for upload, _answered in group])
        except Unavailable as error:
            log.warning("uploads not stored", uploads=len(group), error=repr(error.__cause__))
            self._refuse(group)
        except NotStorable as error:
            if len(group) > 1:  # one upload must not fail the others
                for place, one in enumerate(group, start=1):
                    try:
                        await self._commit([one])
                    except BaseException:
                        self._refuse(group[place:])
                        raise
            else:
                log.error("upload not stored", company_id=str(group[0][0].company_id), error=str(error))
                self._refuse(group)
        except BaseException:
            self._refuse(group)
            raise
        else:
            self._answer(group, None)

    def _refuse(self, group: Sequence[Waiting]) -> None:
        self._answer(group, Unavailable("not stored; no data is lost, try again", retry_after=1))

    def _answer(self, group: Sequence[Waiting], error: Exception | None) -> None:
        for upload, answered in group:
            self._uploads -= 1
            company = upload.company_id.int
            if (left := self._unanswered[company] - 1) > 0:
                self._unanswered[company] = left
            else:
                del self._unanswered[company]
            try:
                answered(error)
            except Exception:  # the others must be answered
                log.exception("upload not answered")
