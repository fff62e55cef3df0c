"""Raw rows in the binary format of PostgreSQL's COPY.

An upload is packed as soon as it has been read: packed rows are a tenth as large as their objects, which can be freed
while the group of uploads waits for its COMMIT.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from servicekit.ids import new_id
from tracking.clock.rules.unix_time import moment_of
from tracking.ingest.rules.upload_reader import ActivityClaim, Quarantined, Report, UsageSpan

_EPOCH = 946_684_800_000_000  # of PostgreSQL's timestamps, in microseconds of Unix time
_KINDS = {kind: kind.encode() for kind in "aw"}
_WHOSE = struct.Struct("!hi16si16s").pack  # the number of columns, company, employee
_STRETCH = struct.Struct("!i16sisiqii").pack  # record, kind, at, seconds, each after its length
_USE = struct.Struct("!i16sisiqiii").pack  # the same, and the length of the name
_ID = struct.Struct("!i16s").pack
_LENGTH = struct.Struct("!i")
_length = lru_cache(maxsize=4096)(_LENGTH.pack)


@dataclass(frozen=True, slots=True)
class Table:
    """The target of rows. Its columns, with their types, are in the order in which rows are packed: the key first."""

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
    """One packed report of a company. `rows`: the total number of rows."""

    company_id: UUID
    usage: Sequence[bytes]
    claims: Sequence[bytes]
    quarantined: Sequence[bytes]
    rows: int


class Packer:
    """Packs the reports of one device."""

    __slots__ = ("_claims", "_company_id", "_quarantine", "_usage")

    def __init__(self, company_id: UUID, employee_id: UUID, device_id: UUID) -> None:
        # The columns that all rows begin with.
        self._company_id = company_id
        self._usage, self._claims, self._quarantine = (
            _WHOSE(len(table.columns), 16, company_id.bytes, 16, employee_id.bytes)
            for table in (USAGE, CLAIMS, QUARANTINE)
        )
        self._claims += _ID(16, device_id.bytes)

    def pack(self, report: Report) -> Upload:
        """Packs one report."""
        usage, activity, quarantined = report.usage, report.activity, report.quarantined
        return Upload(
            self._company_id,
            self._used(usage) if usage else (),
            self._claimed(activity) if activity else (),
            self._quarantined(quarantined) if quarantined else (),
            len(usage) + len(activity) + len(quarantined),
        )

    def _used(self, found: Iterable[UsageSpan]) -> list[bytes]:
        whose = self._usage
        rows = []
        for record_id, kind, at, seconds, name, detail in found:
            named, detailed = name.encode(), detail.encode()
            use = _USE(16, record_id, 1, _KINDS[kind], 8, at - _EPOCH, 4, seconds, len(named))
            rows.append(b"".join((whose, use, named, _length(len(detailed)), detailed)))
        return rows

    def _claimed(self, found: Iterable[ActivityClaim]) -> list[bytes]:
        whose = self._claims + _ID(16, new_id().bytes)
        return [
            whose + _STRETCH(16, record_id, 1, kind.encode(), 8, at - _EPOCH, 4, seconds)
            for record_id, kind, at, seconds in found
        ]

    def _quarantined(self, found: Iterable[Quarantined]) -> list[bytes]:
        whose = self._quarantine
        return [whose + _ID(16, record_id) + _text(reason) + _text(payload) for record_id, reason, payload in found]


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
