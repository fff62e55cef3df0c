"""The wire format of events: protobuf in the body, CloudEvents attributes and the trace in the headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

REVISION_HEADER = "tenantry-revision"


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event of a use case. A `revision` marks its subject as compacted: only the newest event of it is kept."""

    subject: str
    type: str
    payload: bytes
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """An event as a consumer receives it."""

    subject: str
    type: str
    payload: bytes
    headers: Mapping[str, str]


def cloud_event_headers(
    *, event_id: UUID, event_type: str, source: str, time: datetime, traceparent: str | None, revision: int | None
) -> dict[str, str]:
    """Returns the headers of one message (CloudEvents 1.0, binary mode)."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": str(event_id),
        "ce-type": event_type,
        "ce-source": f"/tenantry/{source}",
        "ce-time": time.isoformat(),
        "content-type": "application/protobuf",
    }
    if traceparent:
        headers["traceparent"] = traceparent
    if revision is not None:
        headers[REVISION_HEADER] = str(revision)
    return headers
