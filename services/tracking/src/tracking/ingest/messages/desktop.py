"""The rows of a desktop upload, and the tracker's response."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tracking.ingest.rules import rows
from tracking.ingest.rules.upload_reader import Stored
from tracking.protocols.desktop import rows_in, typed

KINDS: Mapping[str, type] = {
    "applications": rows.ApplicationRow,
    "websites": rows.WebsiteRow,
    "activities": rows.ActivityRow,
}


class UploadRows(msgspec.Struct):
    """The rows of an upload; rows with unexpected types are kept as they came."""

    applications: list[Any]
    websites: list[Any]
    activities: list[Any]


def read_rows(fields: Mapping[str, Any]) -> UploadRows:
    """The rows of a body. InvalidInput: one of the fields is no list."""
    return UploadRows(*(typed(rows_in(fields, name), kind) for name, kind in KINDS.items()))


def count_rows(fields: Mapping[str, Any]) -> int:
    """The number of rows in a body, before any is read. InvalidInput: one of the fields is no list."""
    return sum(len(rows_in(fields, name)) for name in KINDS)


def stored_message(taken: Stored) -> str:
    """The message of the response."""
    return f"{taken.rows} rows stored" + (f", {taken.quarantined} of them not counted" if taken.quarantined else "")
