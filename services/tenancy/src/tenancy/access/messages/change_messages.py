"""What followers and reporters send and get, between the contract's messages and the domain."""

from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.errors import InvalidInput
from servicekit.ids import parse_id
from tenancy.access.rules.access import Access
from tenancy.companies.messages.company_messages import STATES
from tenancy.db.rules.page import Page
from tenancy.doors.messages.times import from_timestamp, to_timestamp
from tenancy.keys.messages.key_messages import to_access_key
from tenancy.policies.messages.policies import to_policy
from tenancy.sync.rules.sync import SyncTime


def from_page(message: pb.ListCompanyChangesRequest | pb.ListAccessChangesRequest) -> Page:
    """InvalidInput when there can be no such revision."""
    return Page.checked(after_revision=message.after_revision, limit=message.limit)


def from_sync_time(message: pb.SyncTime) -> SyncTime:
    """InvalidInput when the company or the time cannot be read."""
    company_id = parse_id(message.company_id, "times.company_id")
    if not message.HasField("last_sync_at"):
        raise InvalidInput(f"times.last_sync_at is missing for company {company_id}: leave the entry out")
    return SyncTime(company_id, from_timestamp(message.last_sync_at, "times.last_sync_at"))


def to_access(access: Access) -> pb.AccessRecord:
    """All that a gateway sees of a company."""
    return pb.AccessRecord(
        company_id=str(access.company_id),
        state=STATES[access.state],
        time_zone=access.time_zone,
        key_digests=[key.digest for key in access.keys if key.valid_until is None],
        revision=access.revision,
        keys=map(to_access_key, access.keys),
        policy=to_policy(access.policy),
    )


def to_sync_time(time: SyncTime) -> pb.SyncTime:
    """One sign of life."""
    return pb.SyncTime(company_id=str(time.company_id), last_sync_at=to_timestamp(time.at))
