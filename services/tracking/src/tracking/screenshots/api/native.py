"""`PUT /v1/screenshots/{id}`: the file is the body, under an id that the agent chooses."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel

from servicekit.errors import NotFound, Refused
from tracking.devices.api.native import TheCaller, TheDevice, company_key, credential, get_native
from tracking.ingest.rules.records import Placing, RefusedRecord
from tracking.protocols.calls import Caller
from tracking.protocols.problems import Problem
from tracking.screenshots.rules import (
    DELETED,
    MISPLACED,
    OTHER_PERSONS_SESSION,
    STORAGE_FULL,
    UNWANTED,
    Capture,
    NotKept,
    named_capture_id,
)
from tracking.screenshots.use_cases.take_screenshot import ScreenshotTaker


class NativeScreenshotGateway(Protocol):
    """A gateway that stores screenshots."""

    @property
    def screenshots(self) -> ScreenshotTaker: ...


class ScreenshotNative(Protocol):
    """What the call of this module needs."""

    @property
    def gateway(self) -> NativeScreenshotGateway: ...


TheNative = Annotated[ScreenshotNative, Depends(get_native)]


PATH = "/v1/screenshots/"
MAX_BODY_BYTES = 24 * 1024 * 1024  # bytes; a screen's PNG has some 100 kB to 8 MB

router = APIRouter(prefix="/v1", tags=["native"], dependencies=[company_key, credential])
# One content type, which every client generator supports; the format is read from the file.
_FILE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "required": True,
    "description": "The PNG, JPEG or WebP file itself, up to 24 MB and 80 million pixels. Any content type will do.",
    "content": {"application/octet-stream": _FILE},
}


class Kept(BaseModel):
    """What became of the picture."""

    id: UUID
    outcome: Literal["stored", "duplicate"]


@router.put(
    "/screenshots/{screenshot_id}",
    responses={201: {"model": Kept, "description": "It is stored"}, 200: {"description": "It was stored before"}},
    openapi_extra={"requestBody": _BODY},
)
async def put_screenshot(
    request: Request,
    response: Response,
    native: TheNative,
    caller: TheCaller,
    device: TheDevice,
    screenshot_id: UUID,
    session_id: Annotated[UUID, Query(description="the session during which it was taken")],
    captured_at: Annotated[AwareDatetime, Query(description="by the computer's own clock")],
    sent_at: Annotated[AwareDatetime, Query(description="what that clock shows as this request is sent")],
) -> Kept:
    """Stores a PNG, JPEG or WebP, re-encoded. One that cannot be stored is refused with 422 for good."""
    placing = Placing(
        sent_at=sent_at, received_at=caller.received_at, enrolled_at=device.logged_in_at, known=device.clock_offset
    )
    own_id = named_capture_id(device.employee_id, screenshot_id)
    capture = Capture(own_id, session_id, captured_at, await request.body(), name=screenshot_id)
    company_id, takes = caller.company.company_id, native.gateway.screenshots
    try:
        _check(placing, caller, captured_at)
        is_new = await takes.keep(
            company_id,
            replace(device, clock_offset=placing.offset),
            capture,
            received_at=caller.received_at,
        )
    except RefusedRecord as refused:
        await takes.quarantine(company_id, device, capture, MISPLACED[refused.reason])
        raise Problem(422, refused.reason.name.lower(), refused.reason.value) from None
    except NotKept as reason:
        await takes.quarantine(company_id, device, capture, str(reason))
        raise _problem(str(reason)) from None
    response.status_code = 201 if is_new else 200
    return Kept(id=screenshot_id, outcome="stored" if is_new else "duplicate")


def _check(placing: Placing, caller: Caller, captured_at: datetime) -> None:
    """RefusedRecord: its time is impossible. NotKept: the company's policy excludes screenshots."""
    placing.moment(captured_at)
    if not caller.company.policy.screenshots_enabled:
        raise NotKept(UNWANTED)


def _problem(reason: str) -> Exception:
    if reason == OTHER_PERSONS_SESSION:
        return NotFound("There is no such session of this person")
    if reason in (STORAGE_FULL, DELETED, UNWANTED):
        return Refused(f"This is {reason}")
    return Problem(422, "unfit_picture", reason)
