"""Raw rows as PostgreSQL's binary COPY reads them.

An upload is packed as soon as it has been read: its rows are a tenth as large as the objects they come from, which are
gone before the next upload is read, while a group of uploads waits for its COMMIT.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from servicekit.ids import new_id
from tracking.domain.reports import Report
from tracking.domain.unix_time import moment_of

_EPOCH = 946_684_800_000_000  # of PostgreSQL's times, in microseconds of Unix time
_KINDS = {kind: kind.encode() for kind in "aw"}
_WHOSE = struct.Struct("!hi16si16s").pack  # the number of columns, company, employee
_DEVICE_AND_UPLOAD = struct.Struct("!i16si16s").pack
_STRETCH = struct.Struct("!i16sisiqii").pack  # record, kind, at, seconds; each after its length
_USE = struct.Struct("!i16sisiqiii").pack  # the same, and the length of the name
_RECORD = struct.Struct("!i16s").pack
_LENGTH = struct.Struct("!i")
_length = lru_cache(maxsize=4096)(_LENGTH.pack)


@dataclass(frozen=True, slots=True)
class Table:
    """Where rows go. Its columns, with their types, are in the order in which the rows are packed: the key first."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]


USAGE = Table(
    "usage_record",
    {
        "company_id": "uuid",
        "employee_id": "uuid",
        "record_id": "uuid",
        "kind": "text",
        "at": "timestamptz",
        "seconds": "int4",
        "name": "text",
        "detail": "text",
    },
    ("company_id", "employee_id", "record_id"),
)
CLAIMS = Table(
    "fold_queue",
    {
        "company_id": "uuid",
        "employee_id": "uuid",
        "device_id": "uuid",
        "upload_id": "uuid",
        "record_id": "uuid",
        "kind": "text",
        "at": "timestamptz",
        "seconds": "int4",
    },
    (),
)
QUARANTINE = Table(
    "quarantine",
    {"company_id": "uuid", "employee_id": "uuid", "record_id": "uuid", "reason": "text", "payload": "text"},
    ("company_id", "record_id"),
)


@dataclass(slots=True)
class Upload:
    """One report, packed, and of which company it is."""

    company_id: UUID
    usage: list[bytes]
    claims: list[bytes]
    quarantined: list[bytes]

    def __len__(self) -> int:
        return len(self.usage) + len(self.claims) + len(self.quarantined)


def pack(company_id: UUID, employee_id: UUID, device_id: UUID, report: Report) -> Upload:
    """What that device of the employee has reported."""
    upload = Upload(company_id, [], [], [])
    add = upload.usage.append
    whose = _WHOSE(len(USAGE.columns), 16, company_id.bytes, 16, employee_id.bytes)
    for record_id, kind, at, seconds, name, detail in report.usage:
        named, detailed = name.encode(), detail.encode()
        use = _USE(16, record_id, 1, _KINDS[kind], 8, at - _EPOCH, 4, seconds, len(named))
        add(whose + use + named + _length(len(detailed)) + detailed)
    if report.activity:
        whose = _WHOSE(len(CLAIMS.columns), 16, company_id.bytes, 16, employee_id.bytes)
        whose += _DEVICE_AND_UPLOAD(16, device_id.bytes, 16, new_id().bytes)
        for record_id, kind, at, seconds in report.activity:
            stretch = _STRETCH(16, record_id, 1, kind.encode(), 8, at - _EPOCH, 4, seconds)
            upload.claims.append(whose + stretch)
    for record_id, reason, payload in report.quarantined:
        whose = _WHOSE(len(QUARANTINE.columns), 16, company_id.bytes, 16, employee_id.bytes)
        upload.quarantined.append(whose + _RECORD(16, record_id) + _text(reason) + _text(payload))
    return upload


def unpack(table: Table, row: bytes) -> Iterator[Any]:
    """The values of a packed row."""
    place = 2
    for kind in table.columns.values():
        (size,) = _LENGTH.unpack_from(row, place)
        place += 4 + size
        yield _VALUES[kind](row[place - size : place])


def _text(value: str) -> bytes:
    data = value.encode()
    return _length(len(data)) + data


def _integer(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


_VALUES: dict[str, Callable[[bytes], Any]] = {
    "uuid": lambda data: UUID(bytes=data),
    "text": bytes.decode,
    "timestamptz": lambda data: moment_of(_integer(data) + _EPOCH),
    "int4": _integer,
}
