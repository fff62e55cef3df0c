"""What the service tells the others. An event names the change; its reader asks for the details."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from billing.subscriptions.rules.changes import Change, Kind
from billing.subscriptions.rules.subscription import Entitlement, Subscription


@dataclass(frozen=True, slots=True)
class SubscriptionStarted:
    """A company's trial began."""

    company_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class SubscriptionExtended:
    """A period got a later end for nothing."""

    company_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class EntitlementChanged:
    """Limits or the end of access are others."""

    entitlement: Entitlement
    revision: int


Event = SubscriptionStarted | SubscriptionExtended | EntitlementChanged


def events_of(before: Subscription | None, change: Change, revision: int) -> Iterator[Event]:
    """What is told of a change; nothing of one that leaves the entitlement as it was."""
    company_id = change.after.company_id
    if change.kind is Kind.TRIAL_STARTED:
        yield SubscriptionStarted(company_id, revision)
    if change.kind in {Kind.EXTENDED, Kind.REOPENED}:
        yield SubscriptionExtended(company_id, revision)
    entitlement = change.after.entitlement()
    if before is None or before.entitlement() != entitlement:
        yield EntitlementChanged(entitlement, revision)
