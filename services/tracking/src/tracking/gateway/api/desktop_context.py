"""What every call of the desktop protocol is given, and how it finds out who is calling."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotAuthenticated
from tracking.access.rules.company_keys import CompanyKey
from tracking.access.rules.directory import Company, Entitlement
from tracking.devices.store.devices import Device
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.devices.use_cases.key_use import KeyUses
from tracking.ingest.api.large_uploads import LargeUploadReader, Room
from tracking.ingest.use_cases.take_upload import UploadTaker
from tracking.protocols.transport import Body
from tracking.screenshots.use_cases.take_screenshot import ScreenshotTaker
from tracking.sessions.use_cases.signs_of_life import SignsOfLife

SIGN_IN_AGAIN = "Your sign-in is no longer valid; sign in again"


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the calls need."""

    engine: AsyncEngine
    authenticator: Authenticator
    uploads: UploadTaker
    screenshots: ScreenshotTaker
    life: SignsOfLife
    key_uses: KeyUses
    large_uploads: LargeUploadReader
    room: Room
    picture_room: Room = field(default_factory=Room)  # of desktops' screenshots, whose tokens follow the pictures


@dataclass(frozen=True, slots=True)
class Call:
    """One request whose company key has been accepted. `origin` is the address it comes from.

    `fields` are those of a body that has arrived; of a large one only the start has, see `body`. Whoever reads the rest
    calls `confirm` after it, which ends the call when the company may no longer go on.
    """

    company: Company
    entitlement: Entitlement
    key: CompanyKey
    body: Body
    fields: Mapping[str, Any]
    authorization: str
    origin: str
    received_at: datetime
    confirm: Callable[[], Awaitable[None]]


async def device_of(gateway: Gateway, call: Call, token: object) -> Device:
    """The device that holds the token. NotAuthenticated: none of this company does."""
    device = await gateway.authenticator.device(call.company.company_id, token) if isinstance(token, str) else None
    if device is None:
        raise NotAuthenticated(SIGN_IN_AGAIN)
    gateway.key_uses.note(call.key, device.device_id, call.received_at)
    return device


async def device_in_header(gateway: Gateway, call: Call) -> Device:
    """The device of the header `Authorization: Token …`. NotAuthenticated: it names none of this company."""
    scheme, _, token = call.authorization.partition(" ")
    return await device_of(gateway, call, token.strip() if scheme == "Token" else None)


def utc_now() -> datetime:
    """The moment of a request."""
    return datetime.now(UTC)
