"""Takes an ordinary upload from its bytes into the queue of the group commit, without a task, a framework or a query.

Anything unusual (an unknown key, token or session, an odd row, many rows) is left to the fallback.
"""

import time
from datetime import datetime
from typing import Protocol

import msgspec

from servicekit.errors import AppError
from tracking.access.rules.company_keys import CompanyKey
from tracking.access.rules.directory import AccessDirectory, Verdict
from tracking.devices.api.desktop import DeviceGateway
from tracking.ingest.messages.desktop import stored_message
from tracking.ingest.rules import rows
from tracking.ingest.rules.upload_reader import Stored
from tracking.ingest.use_cases.group_commit import Answered
from tracking.ingest.use_cases.take_upload import UploadTaker
from tracking.protocols.desktop import Reply, from_error, ok
from tracking.sessions.use_cases.heartbeats import Heartbeats


class FastPathGateway(DeviceGateway, Protocol):
    """What the fast path needs of the gateway."""

    @property
    def uploads(self) -> UploadTaker: ...

    @property
    def heartbeats(self) -> Heartbeats: ...


PATH = b"/api/upload/employee-activity"


class OrdinaryUpload(msgspec.Struct):
    """An upload whose rows all have the types that trackers send."""

    active_token: str
    work_session_id: int
    applications: list[rows.ApplicationRow]
    websites: list[rows.WebsiteRow]
    activities: list[rows.ActivityRow]


_decode = msgspec.json.Decoder(OrdinaryUpload).decode


class FastPath:
    """Takes ordinary uploads."""

    def __init__(self, gateway: FastPathGateway, directory: AccessDirectory) -> None:
        self._directory = directory
        self._authenticator, self._uploads = gateway.authenticator, gateway.uploads
        self._heartbeats, self._key_uses = gateway.heartbeats, gateway.key_uses

    def admits(self, text: bytes, now: datetime) -> CompanyKey | Reply | None:
        """The company key if the upload may take the fast path; a refusal if the company has too many uploads; else
        None.
        """
        access = self._directory.decide(text, now=now, monotonic=time.monotonic())
        if access.verdict is not Verdict.ALLOWED or access.key is None:
            return None
        try:
            self._uploads.check_admission(access.key.company_id)
        except AppError as error:
            return from_error(error)
        return access.key

    def take(self, key: CompanyKey, body: bytes, now: datetime, answered: Answered) -> Stored | None:
        """The result of the upload, which is not durable yet. None, with no effect: the fallback has to take it."""
        try:
            upload = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        company_id, number = key.company_id, upload.work_session_id
        device = self._authenticator.remembered(company_id, upload.active_token)
        if device is None:
            return None
        taken = self._uploads.take_at_once(company_id, device, number, upload, received_at=now, answered=answered)
        if taken is not None:
            self._heartbeats.company(company_id, now)
            self._heartbeats.session(company_id, number, now)
            self._key_uses.note(key, device.device_id, now)
        return taken


def stored_body(taken: Stored) -> bytes:
    """The response's body."""
    return ok(stored_message(taken)).encode()
