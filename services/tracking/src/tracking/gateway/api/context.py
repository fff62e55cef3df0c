"""The dependencies of the calls of both HTTP APIs."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.turns import Turns
from tracking.access.api import Admission
from tracking.access.use_cases import ConfigWatch
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.devices.use_cases.key_use import KeyUses
from tracking.ingest.api.large_uploads import LargeUploadReader, RefusedDevices
from tracking.ingest.use_cases.sync_records import RecordTaker
from tracking.ingest.use_cases.take_upload import UploadTaker
from tracking.protocols.large_bodies import BodyAdmission
from tracking.screenshots.use_cases.take_screenshot import ScreenshotTaker
from tracking.sessions.use_cases.heartbeats import Heartbeats


@dataclass(frozen=True, slots=True)
class Gateway:
    """The dependencies of desktop calls."""

    engine: AsyncEngine
    authenticator: Authenticator
    uploads: UploadTaker
    screenshots: ScreenshotTaker
    heartbeats: Heartbeats
    key_uses: KeyUses
    large_uploads: LargeUploadReader
    body_admission: BodyAdmission
    large_senders: Turns = field(default_factory=Turns)  # one is authenticated at a time; companies take turns
    refused_devices: RefusedDevices = field(default_factory=RefusedDevices)
    picture_admission: BodyAdmission = field(
        default_factory=BodyAdmission
    )  # for desktop screenshots, whose token comes after the picture


@dataclass(frozen=True, slots=True)
class Native:
    """The dependencies of native calls."""

    gateway: Gateway
    admission: Admission
    records: RecordTaker
    watch: ConfigWatch
