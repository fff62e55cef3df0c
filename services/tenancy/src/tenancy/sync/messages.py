"""Heartbeats of companies' trackers between the contract's messages and the rules."""

from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.errors import InvalidInput
from servicekit.ids import parse_id
from tenancy.fields.messages import from_timestamp, to_timestamp
from tenancy.sync.rules import SyncTime


def from_sync_time(message: pb.SyncTime) -> SyncTime:
    """A heartbeat. InvalidInput when the company or the time cannot be read."""
    company_id = parse_id(message.company_id, "times.company_id")
    if not message.HasField("last_sync_at"):
        raise InvalidInput(
            f"times.last_sync_at is missing for company {company_id}: leave the entry out", field="times.last_sync_at"
        )
    return SyncTime(company_id, from_timestamp(message.last_sync_at, "times.last_sync_at"))


def to_sync_time(time: SyncTime) -> pb.SyncTime:
    """The last heartbeat of one company's trackers."""
    return pb.SyncTime(company_id=str(time.company_id), last_sync_at=to_timestamp(time.at))
