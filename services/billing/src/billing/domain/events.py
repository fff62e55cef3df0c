"""What the service tells the others. An event names the change; its reader asks for the details."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SubscriptionStarted:
    """A company's trial began."""

    company_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class SubscriptionExtended:
    """A period got a later end."""

    company_id: UUID
    revision: int


Event = SubscriptionStarted | SubscriptionExtended
