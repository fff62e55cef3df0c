"""The desktop protocol's upload of screenshots."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from servicekit.errors import InvalidInput
from tracking.devices.api.desktop import DeviceGateway, device_of
from tracking.devices.store.devices import Device
from tracking.protocols.calls import Call
from tracking.protocols.desktop import Reply, id_in, ok, text_in, time_in
from tracking.protocols.large_bodies import BodyAdmission
from tracking.screenshots.api.photos import decode_in_slices, split_photo
from tracking.screenshots.rules import UNWANTED, Capture, NotKept, capture_id, decode_photo
from tracking.screenshots.use_cases.take_screenshot import ScreenshotTaker


class ScreenshotGateway(DeviceGateway, Protocol):
    """What the calls of this module need."""

    @property
    def screenshots(self) -> ScreenshotTaker: ...

    @property
    def picture_admission(self) -> BodyAdmission: ...


MAX_SCREENSHOT_BYTES = 32 * 1024 * 1024  # base64 of 24 MB; a screen's PNG has some 100 kB to 8 MB


async def call_screenshot(gateway: ScreenshotGateway, call: Call) -> Reply:
    """`active_token`, `work_session_id`, `capture_time`, `photo`: status true for any picture.

    The tracker repeats its oldest five until they are accepted, so a picture that cannot be stored is quarantined.
    """
    device = await device_of(gateway, call, text_in(call.fields, "active_token"))
    capture = _capture(device.employee_id, call.fields, decode_photo(call.fields.get("photo")))
    return await _answer(gateway, call, device, capture)


async def call_large_screenshot(gateway: ScreenshotGateway, call: Call) -> Reply:
    """The same for a large body: the picture is cut out of the body and decoded in slices.

    One call that decodes megabytes would block all other calls, even in a thread.
    """
    async with gateway.picture_admission.of(call.company.company_id, call.body.expected):
        await call.body.read()
        await call.confirm()
        fields, photo = await asyncio.to_thread(split_photo, call.body.pieces)
        call.body.pieces.clear()
        device = await device_of(gateway, call, text_in(fields, "active_token"))
        data = await asyncio.to_thread(decode_in_slices, photo)
        capture = await asyncio.to_thread(_capture, device.employee_id, fields, data)
        return await _answer(gateway, call, device, capture)


async def _answer(gateway: ScreenshotGateway, call: Call, device: Device, capture: Capture) -> Reply:
    try:
        await _keep(gateway, call, device, capture)
    except NotKept as reason:
        await gateway.screenshots.quarantine(call.company.company_id, device, capture, str(reason))
        return ok(f"Not counted: {reason}")
    return ok("Screenshot kept")


async def _keep(gateway: ScreenshotGateway, call: Call, device: Device, capture: Capture) -> None:
    if not call.company.policy.screenshots_enabled:
        raise NotKept(UNWANTED)
    await gateway.screenshots.keep(
        call.company.company_id,
        device,
        capture,
        received_at=call.received_at,
    )


def _capture(employee_id: UUID, body: Mapping[str, Any], data: bytes) -> Capture:
    taken = body.get("capture_time")
    try:
        session = id_in(body, "work_session_id")
    except InvalidInput:
        session = None
    try:
        captured_at = time_in(body, "capture_time")
    except InvalidInput:
        captured_at = None
    return Capture(capture_id(employee_id, str(taken), data), session, captured_at, data)
