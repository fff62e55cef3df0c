"""Takes a screenshot: validates, re-encodes and stores it within the plan's storage, and queues it to be counted."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.company.store import levels
from tracking.db.store.scope import company_scope
from tracking.devices.store.devices import Device
from tracking.ingest.store import quarantine
from tracking.screenshots.imaging.decoder import Decoder
from tracking.screenshots.imaging.protocol import Unfit
from tracking.screenshots.rules import DELETED, OTHER_PERSONS_SESSION, STORAGE_FULL, Capture, NotKept
from tracking.screenshots.store import screenshots
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.store.screenshots import Screenshot
from tracking.sessions.store import sessions
from tracking.sessions.store.sessions import WorkSession
from tracking.totals.store import fold_queue


class ScreenshotTaker:
    """Writes files before their row: files left by a crash are overwritten when the capture is sent again."""

    def __init__(
        self, engine: AsyncEngine, pictures: PictureStore, decoder: Decoder, quota: Callable[[UUID], int]
    ) -> None:
        """`quota`: the bytes that a company's screenshots may use now; the plan may change during the encoding."""
        self._engine = engine
        self._pictures = pictures
        self._decoder = decoder
        self._quota = quota

    async def keep(self, company_id: UUID, device: Device, capture: Capture, *, received_at: datetime) -> bool:
        """Returns once picture and row are durable; True if the capture is new.

        NotKept: the capture is not stored, with the reason. Unavailable: not stored now; it may be sent again. The
        session may have ended: captures arrive late.
        """
        async with company_scope(self._engine, company_id) as tx:
            session = await sessions.find(tx, capture.session) if capture.session else None
            if session is None or session.employee_id != device.employee_id:
                raise NotKept(OTHER_PERSONS_SESSION)
            ids = [capture.screenshot_id] + ([capture.name] if capture.name else [])
            is_known = await screenshots.exists(tx, device.employee_id, ids)
            is_kept = await screenshots.kept(tx, capture.screenshot_id) is not None
            used = (await levels.read(tx)).storage_bytes
        at = capture.moment(session_start=session.started_at, clock_offset=device.clock_offset, received_at=received_at)
        if session.deleted and not is_kept:  # an earlier attempt may have left files without a row
            await self._pictures.delete(company_id, capture.screenshot_id, at)
        if is_known:
            return False
        if session.deleted:
            raise NotKept(DELETED)
        if used >= self._quota(company_id):
            raise NotKept(STORAGE_FULL)  # before any work on the picture
        return await self._store(company_id, session, capture, at, received_at=received_at)

    async def quarantine(self, company_id: UUID, device: Device, capture: Capture, reason: str) -> None:
        """Quarantines a capture that is not stored; repetitions have no effect."""
        payload = f"captured at {capture.captured_at}, {len(capture.data)} bytes, session {capture.session}"
        async with company_scope(self._engine, company_id) as tx:
            await quarantine.add(
                tx,
                company_id,
                record_id=capture.screenshot_id,
                employee_id=device.employee_id,
                reason=reason,
                payload=payload,
            )

    async def _store(
        self,
        company_id: UUID,
        session: WorkSession,
        capture: Capture,
        at: datetime,
        *,
        received_at: datetime,
    ) -> bool:
        try:
            rendered = await self._decoder.render(capture.data, company=company_id)
        except Unfit as unfit:
            raise NotKept(str(unfit)) from None
        screenshot = Screenshot(
            screenshot_id=capture.screenshot_id,
            employee_id=session.employee_id,
            session_id=session.session_id,
            captured_at=at,
            width=rendered.width,
            height=rendered.height,
            stored_bytes=len(rendered.picture) + len(rendered.thumbnail),
        )
        await self._pictures.put(company_id, screenshot, rendered.picture, rendered.thumbnail)
        try:
            return await self._note(company_id, screenshot, received_at=received_at)
        except NotKept:
            await self._pictures.delete(company_id, screenshot.screenshot_id, at)
            raise

    async def _note(self, company_id: UUID, screenshot: Screenshot, *, received_at: datetime) -> bool:
        async with company_scope(self._engine, company_id) as tx:
            if not await sessions.lock_unless_deleted(tx, screenshot.session_id):
                raise NotKept(DELETED)
            if not await screenshots.insert(tx, company_id, screenshot, received_at):
                return False
            quota = self._quota(company_id)
            if not await screenshots.take_storage(tx, company_id, screenshot.stored_bytes, quota=quota):
                raise NotKept(STORAGE_FULL)  # the row is rolled back with the transaction
            await fold_queue.append(
                tx,
                company_id,
                kind=fold_queue.SCREENSHOT,
                at=screenshot.captured_at,
                employee_id=screenshot.employee_id,
            )
        return True
