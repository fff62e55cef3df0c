"""What the gateway and the process that reads large uploads say to each other.

Each message is its length and its MessagePack. No pickles: the process reads what strangers may have written.
"""

import struct
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

LENGTH = struct.Struct(">I")


class Job(msgspec.Struct):
    """One upload to read, followed by the `size` bytes of its body. The ids and times are those of its device."""

    company_id: UUID
    employee_id: UUID
    device_id: UUID
    logged_in_at: datetime
    clock_offset: timedelta
    offset_before: timedelta | None
    received_at: datetime
    size: int


Claim = tuple[bytes, str, int, int]  # id, kind, moment (Unix time in microseconds), seconds


class Summary(msgspec.Struct):
    """What was read; `parts` messages with its rows follow. `error`: why there is nothing to store.

    `claims`, `before` and `ahead` are those of a `Report`: they say whether the desktop's clock was set.
    """

    error: str = ""
    token: str = ""
    session: int = 0
    parts: int = 0
    claims: list[Claim] = msgspec.field(default_factory=list)
    before: list[tuple[bytes, int]] = msgspec.field(default_factory=list)
    ahead: int | None = None


class Part(msgspec.Struct):
    """Rows that are stored together, packed for COPY, each table's in the order of its key."""

    usage: list[bytes] = msgspec.field(default_factory=list)
    claims: list[bytes] = msgspec.field(default_factory=list)
    quarantined: list[bytes] = msgspec.field(default_factory=list)


def framed(message: msgspec.Struct) -> bytes:
    """The message with its length before it."""
    data = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(data)) + data
