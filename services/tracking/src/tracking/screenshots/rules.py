"""A screenshot as a tracker sends it. No content is an error: five refused ones would block the queue for ever."""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from tracking.clock.rules.desktop_clocks import TOLERANCE
from tracking.ingest.rules.records import Reason

ANOTHERS = "a screenshot of another person's session"
UNWANTED = "a screenshot although they are switched off"
DELETED = "a screenshot of a session that was deleted"
NO_ROOM = "a screenshot for which the plan has no storage left"
MISPLACED: Mapping[Reason, str] = {
    Reason.CLOCK_SKEW: "a screenshot from a computer whose clock is more than a day off",
    Reason.IMPOSSIBLE_TIME: "a screenshot whose time cannot be true",
    Reason.IN_THE_FUTURE: "a screenshot from the future",
    Reason.BEFORE_ENROLMENT: "a screenshot from before the device was enrolled",
}


class NotKept(Exception):
    """Nothing is kept of the picture; the message is the reason, one of a few."""


@dataclass(frozen=True, slots=True)
class Capture:
    """What is said of one picture. `session` (number or id) and `captured_at` are None where none readable was sent.

    `name`: the id that an agent gave it, under which it was kept before ids were made of person and name.
    """

    screenshot_id: UUID
    session: int | UUID | None
    captured_at: datetime | None
    data: bytes
    name: UUID | None = None

    def moment(self, *, session_start: datetime, clock_offset: timedelta, received_at: datetime) -> datetime:
        """When it was taken, by our clock: never before its session, and never in the future.

        `clock_offset`: how far the desktop's clock is behind.
        """
        if self.captured_at is None:
            return received_at
        return max(session_start, min(self.captured_at + clock_offset, received_at + TOLERANCE))


def capture_id(employee_id: UUID, taken: str, data: bytes) -> UUID:
    """The same for the same picture of the same time (as it was sent) of the same person, however often it comes."""
    digest = blake2b(taken.encode("utf-8", "surrogatepass"), digest_size=16, key=employee_id.bytes)
    digest.update(data)
    return UUID(bytes=digest.digest())


def named_capture_id(employee_id: UUID, name: UUID) -> UUID:
    """Under which id a capture is kept whose agent has named it: another person's may have the same name."""
    return UUID(bytes=blake2b(name.bytes, digest_size=16, key=employee_id.bytes).digest())


def decode_photo(photo: object) -> bytes:
    """The file behind base64 text, with or without a `data:` prefix; nothing where there is none."""
    if not isinstance(photo, str):
        return b""
    if photo.startswith("data:"):
        photo = photo.partition(",")[2]
    try:
        return binascii.a2b_base64(photo)
    except ValueError:  # also text that is not ASCII
        return b""
