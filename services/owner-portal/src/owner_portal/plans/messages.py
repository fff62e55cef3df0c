"""Translates billing's messages about plans and money."""

from collections.abc import Mapping

from contracts.billing.v1 import action_pb2, billing_pb2, plans_pb2
from owner_portal.clients.actions import Action
from owner_portal.plans.rules.plans import Money, Plan, Resource, Shortage

_RESOURCES: Mapping[int, Resource] = {
    plans_pb2.RESOURCE_SEATS: Resource.SEATS,
    plans_pb2.RESOURCE_STORAGE_BYTES: Resource.STORAGE,
}


def to_action(action: Action) -> action_pb2.Action:
    """An action with its actor, reason and idempotency key."""
    return action_pb2.Action(actor=action.actor, reason=action.reason, idempotency_key=action.idempotency_key)


def from_money(message: billing_pb2.Money) -> Money:
    """An amount."""
    return Money(message.minor_units, message.currency)


def to_money(money: Money) -> billing_pb2.Money:
    """An amount."""
    return billing_pb2.Money(minor_units=money.minor_units, currency=money.currency)


def from_plan(message: billing_pb2.Plan) -> Plan:
    """One version of a plan."""
    return Plan(
        code=message.code,
        version=message.version,
        name=message.name,
        price_minor_units=message.price_per_month.minor_units,
        currency=message.price_per_month.currency,
        seats=message.seats,
        storage_bytes=message.storage_bytes,
        screenshot_retention_days=message.screenshot_retention_days,
    )


def from_shortage(message: plans_pb2.Shortage) -> Shortage:
    """A limit below the usage level."""
    return Shortage(_RESOURCES[message.resource], message.in_use, message.limit)
