"""Between the contract's messages and the domain."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.errors import InvalidInput
from servicekit.ids import parse_id
from tenancy.domain.action import Action
from tenancy.domain.company import Access, Company, CompanyState
from tenancy.domain.details import CompanyDetails
from tenancy.domain.page import Page
from tenancy.domain.sync import SyncTime

_STATES = {
    CompanyState.ACTIVE: pb.COMPANY_STATE_ACTIVE,
    CompanyState.SUSPENDED: pb.COMPANY_STATE_SUSPENDED,
}


def from_action(message: pb.Action) -> Action:
    """InvalidInput when nobody is named."""
    return Action.checked(actor=message.actor, reason=message.reason)


def from_details(message: pb.CreateCompanyRequest) -> CompanyDetails:
    """InvalidInput names the first field that breaks a rule."""
    return CompanyDetails.checked(
        name=message.name,
        email=message.email,
        contact_person=message.contact_person,
        phone=message.phone,
        address=message.address,
        time_zone=message.time_zone,
    )


def from_page(message: pb.ListCompanyChangesRequest | pb.ListAccessChangesRequest) -> Page:
    """InvalidInput when there can be no such revision."""
    return Page.checked(after_revision=message.after_revision, limit=message.limit)


def from_sync_time(message: pb.SyncTime) -> SyncTime:
    """InvalidInput when the company or the time cannot be read."""
    company_id = parse_id(message.company_id, "times.company_id")
    if not message.HasField("last_sync_at"):
        raise InvalidInput(f"times.last_sync_at is missing for company {company_id}: leave the entry out")
    return SyncTime(company_id, from_timestamp(message.last_sync_at, "times.last_sync_at"))


def from_timestamp(message: Timestamp, what: str) -> datetime:
    """In UTC. InvalidInput when it lies outside of the years 1 to 9999."""
    try:
        return message.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{what} is not a time: give seconds and nanoseconds of the years 1 to 9999") from None


def to_company(company: Company) -> pb.Company:
    """All that the owner sees of a company."""
    details = company.details
    return pb.Company(
        id=str(company.id),
        name=details.name,
        email=details.email,
        contact_person=details.contact_person,
        phone=details.phone,
        address=details.address,
        time_zone=details.time_zone,
        state=_STATES[company.state],
        key_hint=company.key_hint,
        created_at=to_timestamp(company.created_at),
        last_sync_at=to_timestamp(company.last_sync_at) if company.last_sync_at else None,
        revision=company.revision,
    )


def to_access(access: Access) -> pb.AccessRecord:
    """All that a gateway sees of a company."""
    return pb.AccessRecord(
        company_id=str(access.company_id),
        state=_STATES[access.state],
        time_zone=access.time_zone,
        key_digests=access.key_digests,
        revision=access.revision,
    )


def to_sync_time(time: SyncTime) -> pb.SyncTime:
    """One sign of life."""
    return pb.SyncTime(company_id=str(time.company_id), last_sync_at=to_timestamp(time.at))


def to_timestamp(moment: datetime) -> Timestamp:
    """`moment` is aware; a naive one would be taken for UTC."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message
