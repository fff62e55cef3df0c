"""Values of the domain as messages of the contract."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from billing.domain.money import Money
from billing.domain.plan import Plan
from billing.domain.revised import Revised
from billing.domain.subscription import Entitlement, State, Subscription
from contracts.billing.v1 import billing_pb2

_STATES = {
    State.TRIAL: billing_pb2.SUBSCRIPTION_STATE_TRIAL,
    State.ACTIVE: billing_pb2.SUBSCRIPTION_STATE_ACTIVE,
    State.PAST_DUE: billing_pb2.SUBSCRIPTION_STATE_PAST_DUE,
    State.EXPIRED: billing_pb2.SUBSCRIPTION_STATE_EXPIRED,
    State.CANCELLED: billing_pb2.SUBSCRIPTION_STATE_CANCELLED,
}


def money(amount: Money) -> billing_pb2.Money:
    """An amount of money."""
    return billing_pb2.Money(minor_units=amount.minor_units, currency=amount.currency)


def plan(offer: Plan) -> billing_pb2.Plan:
    """A plan version."""
    return billing_pb2.Plan(
        code=offer.code,
        version=offer.version,
        name=offer.name,
        price_per_month=money(offer.price_per_month),
        seats=offer.seats,
        storage_bytes=offer.storage_bytes,
        screenshot_retention_days=offer.screenshot_retention_days,
    )


def subscription(change: Revised[Subscription]) -> billing_pb2.Subscription:
    """A subscription with the price and limits of its plan version."""
    current = change.value
    return billing_pb2.Subscription(
        company_id=str(current.company_id),
        plan_code=current.plan.code,
        plan_version=current.plan.version,
        state=_STATES[current.state],
        started_at=_timestamp(current.started_at),
        expires_at=_timestamp(current.expires_at),
        price_per_month=money(current.plan.price_per_month),
        seats=current.plan.seats,
        storage_bytes=current.plan.storage_bytes,
        screenshot_retention_days=current.plan.screenshot_retention_days,
        revision=change.revision,
    )


def entitlement(change: Revised[Entitlement]) -> billing_pb2.Entitlement:
    """Limits and the end of access."""
    return billing_pb2.Entitlement(
        company_id=str(change.value.company_id),
        access_until=_timestamp(change.value.access_until),
        seats=change.value.seats,
        storage_bytes=change.value.storage_bytes,
        screenshot_retention_days=change.value.screenshot_retention_days,
        revision=change.revision,
    )


def _timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
