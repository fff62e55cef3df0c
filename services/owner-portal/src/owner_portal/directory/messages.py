"""Translates messages of tenancy and billing about companies and subscriptions."""

from collections.abc import Mapping
from uuid import UUID

from contracts.billing.v1 import billing_pb2
from contracts.tenancy.v1 import tenancy_pb2
from owner_portal.clients.timestamps import from_optional, from_timestamp
from owner_portal.directory.rules import Company, CompanyState, Status, Subscription

_SUBSCRIPTION_STATES: Mapping[int, Status] = {
    billing_pb2.SUBSCRIPTION_STATE_TRIAL: Status.TRIAL,
    billing_pb2.SUBSCRIPTION_STATE_ACTIVE: Status.ACTIVE,
    billing_pb2.SUBSCRIPTION_STATE_PAST_DUE: Status.PAST_DUE,
    billing_pb2.SUBSCRIPTION_STATE_EXPIRED: Status.EXPIRED,
    billing_pb2.SUBSCRIPTION_STATE_CANCELLED: Status.CANCELLED,
}

_COMPANY_STATES: Mapping[int, CompanyState] = {
    tenancy_pb2.COMPANY_STATE_ACTIVE: CompanyState.ACTIVE,
    tenancy_pb2.COMPANY_STATE_SUSPENDED: CompanyState.SUSPENDED,
    tenancy_pb2.COMPANY_STATE_CLOSED: CompanyState.CLOSED,
}


def from_subscription(message: billing_pb2.Subscription) -> Subscription:
    """A subscription as of its revision."""
    return Subscription(
        company_id=UUID(message.company_id),
        plan_code=message.plan_code,
        plan_version=message.plan_version,
        state=_SUBSCRIPTION_STATES[message.state],
        started_at=from_timestamp(message.started_at),
        expires_at=from_timestamp(message.expires_at),
        charged_until=from_optional(message, "charged_until"),
        price_minor_units=message.price_per_month.minor_units,
        monthly_revenue_minor_units=message.monthly_revenue.minor_units,
        currency=message.price_per_month.currency,
        seats=message.seats,
        storage_bytes=message.storage_bytes,
        screenshot_retention_days=message.screenshot_retention_days,
        revision=message.revision,
    )


def from_company(message: tenancy_pb2.Company) -> Company:
    """A company as of its revision."""
    return Company(
        company_id=UUID(message.id),
        name=message.name,
        email=message.email,
        contact_person=message.contact_person,
        phone=message.phone,
        address=message.address,
        time_zone=message.time_zone,
        state=_COMPANY_STATES[message.state],
        key_hint=message.key_hint,
        logo_digest=message.logo_digest,
        created_at=from_timestamp(message.created_at),
        revision=message.revision,
    )
