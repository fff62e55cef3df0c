"""A screenshot as a tracker sends it. Its content is never an error: refused ones would block the tracker's queue."""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from tracking.clock.rules.desktop_clocks import TOLERANCE
from tracking.ingest.rules.records import Reason

MAX_PIXELS = 80_000_000  # several screens have up to 40 million; decoded, 320 MB
OTHER_PERSONS_SESSION = "a screenshot of another person's session"
UNWANTED = "a screenshot although they are switched off"
DELETED = "a screenshot of a session that was deleted"
STORAGE_FULL = "a screenshot for which the plan has no storage left"
MISPLACED: Mapping[Reason, str] = {
    Reason.CLOCK_SKEW: "a screenshot from a computer whose clock is more than a day off",
    Reason.IMPOSSIBLE_TIME: "a screenshot whose time cannot be true",
    Reason.IN_THE_FUTURE: "a screenshot from the future",
    Reason.BEFORE_ENROLMENT: "a screenshot from before the device was enrolled",
}


class NotKept(Exception):
    """The picture is not stored; the message is one of a few fixed reasons."""


@dataclass(frozen=True, slots=True)
class Capture:
    """The data of one picture. `session` (number or id) and `captured_at` are None if they were missing or unreadable.

    `name`: the id chosen by an agent, under which older captures are stored.
    """

    screenshot_id: UUID
    session: int | UUID | None
    captured_at: datetime | None
    data: bytes
    name: UUID | None = None

    def moment(self, *, session_start: datetime, clock_offset: timedelta, received_at: datetime) -> datetime:
        """The moment of the capture on the gateway's clock, limited to the time since the session's start and to now.

        `clock_offset`: the device's clock offset.
        """
        if self.captured_at is None:
            return received_at
        return max(session_start, min(self.captured_at + clock_offset, received_at + TOLERANCE))


def capture_id(employee_id: UUID, taken: str, data: bytes) -> UUID:
    """A capture's id: the same for the same person, picture and capture time, so repetitions are recognised."""
    digest = blake2b(taken.encode("utf-8", "surrogatepass"), digest_size=16, key=employee_id.bytes)
    digest.update(data)
    return UUID(bytes=digest.digest())


def named_capture_id(employee_id: UUID, name: UUID) -> UUID:
    """The id of a capture that its agent has named; two people may use the same name."""
    return UUID(bytes=blake2b(name.bytes, digest_size=16, key=employee_id.bytes).digest())


def decode_photo(photo: object) -> bytes:
    """The decoded base64 text, with or without a `data:` prefix; empty if it is invalid."""
    if not isinstance(photo, str):
        return b""
    if photo.startswith("data:"):
        photo = photo.partition(",")[2]
    try:
        return binascii.a2b_base64(photo)
    except ValueError:  # raised for text that is not ASCII, too
        return b""
