"""Messages between the gateway and the process that reads large uploads.

Each message is its length and its MessagePack. Pickle is not used: the process reads untrusted data.
"""

import struct
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

LENGTH = struct.Struct(">I")
MAX_ROWS = 420_000  # a row has at least 80 bytes, so a body of 32 MB cannot hold more


class Job(msgspec.Struct):
    """One upload to read, followed by the `size` bytes of its body. Ids and times are those of its device."""

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
    """The result; `parts` messages with rows follow. `error`: why there is nothing to store.

    `claims`, `before` and `ahead` are those of a `Report` and show a clock step.
    """

    error: str = ""
    too_many_rows: bool = False  # more than MAX_ROWS; nothing is read
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
    """The message after its length."""
    data = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(data)) + data
