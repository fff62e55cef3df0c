"""Companies between the contract's messages and the rules."""

from collections.abc import Mapping

from contracts.tenancy.v1 import tenancy_pb2 as pb
from tenancy.companies.rules.company import Company, CompanyState
from tenancy.companies.rules.details import CompanyDetails
from tenancy.fields.messages import to_optional_timestamp, to_timestamp

STATES = {
    CompanyState.ACTIVE: pb.COMPANY_STATE_ACTIVE,
    CompanyState.SUSPENDED: pb.COMPANY_STATE_SUSPENDED,
    CompanyState.CLOSED: pb.COMPANY_STATE_CLOSED,
}
_CHANGEABLE = {"name", "email", "contact_person", "phone", "address", "time_zone"}


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


def from_changes(message: pb.UpdateCompanyRequest) -> Mapping[str, str]:
    """The fields that are given."""
    return {field.name: value for field, value in message.ListFields() if field.name in _CHANGEABLE}


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
        state=STATES[company.state],
        key_hint=company.key_hint,
        created_at=to_timestamp(company.created_at),
        last_sync_at=to_optional_timestamp(company.last_sync_at),
        revision=company.revision,
        logo_digest=company.logo_digest,
    )
