"""Companies between the contract's messages and the domain."""

from collections.abc import Mapping

from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.errors import InvalidInput
from tenancy.companies.rules.company import Company, CompanyState
from tenancy.companies.rules.details import CompanyDetails
from tenancy.companies.rules.listing import Question, Sort
from tenancy.companies.use_cases.list_companies import CompanyPage
from tenancy.doors.messages.times import to_optional_timestamp, to_timestamp

STATES = {
    CompanyState.ACTIVE: pb.COMPANY_STATE_ACTIVE,
    CompanyState.SUSPENDED: pb.COMPANY_STATE_SUSPENDED,
    CompanyState.CLOSED: pb.COMPANY_STATE_CLOSED,
}
_FROM_STATES = {message: state for state, message in STATES.items()}
_SORTS = {
    pb.COMPANY_SORT_UNSPECIFIED: Sort.NAME,
    pb.COMPANY_SORT_NAME: Sort.NAME,
    pb.COMPANY_SORT_CREATED_AT: Sort.CREATED_AT,
    pb.COMPANY_SORT_LAST_SYNC_AT: Sort.LAST_SYNC_AT,
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


def from_question(message: pb.ListCompaniesRequest) -> Question:
    """InvalidInput when there is no such state or order."""
    if not set(message.states) <= _FROM_STATES.keys():
        raise InvalidInput("states has one that is unknown: give active, suspended or closed, or leave them out")
    if message.sort not in _SORTS:
        raise InvalidInput("sort is unknown: give name, created_at or last_sync_at")
    return Question.checked(
        search=message.search,
        states={_FROM_STATES[state] for state in message.states},
        sort=_SORTS[message.sort],
        descending=message.descending,
    )


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


def to_page(page: CompanyPage) -> pb.ListCompaniesResponse:
    """One page of a listing."""
    return pb.ListCompaniesResponse(
        companies=map(to_company, page.companies), next_page_token=page.next_token, total_size=page.total
    )
