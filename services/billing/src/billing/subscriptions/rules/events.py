"""The events that billing publishes. An event names the change; its reader asks for the details."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from billing.subscriptions.rules.changes import Change, ChangeKind
from billing.subscriptions.rules.subscription import Entitlement, Subscription


@dataclass(frozen=True, slots=True)
class SubscriptionStarted:
    """The trial of a company has begun."""

    company_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class SubscriptionExtended:
    """A period was extended free of charge."""

    company_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class EntitlementChanged:
    """The limits or the end of access have changed."""

    entitlement: Entitlement
    revision: int


SubscriptionEvent = SubscriptionStarted | SubscriptionExtended | EntitlementChanged


def events_after(before: Subscription | None, change: Change, revision: int) -> Iterator[SubscriptionEvent]:
    """The events of a change; none when the entitlement stays as it was."""
    company_id = change.after.company_id
    if change.kind is ChangeKind.TRIAL_STARTED:
        yield SubscriptionStarted(company_id, revision)
    if change.kind in {ChangeKind.EXTENDED, ChangeKind.REOPENED}:
        yield SubscriptionExtended(company_id, revision)
    entitlement = change.after.entitlement()
    if before is None or before.entitlement() != entitlement:
        yield EntitlementChanged(entitlement, revision)
