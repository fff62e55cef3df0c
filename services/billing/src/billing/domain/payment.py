"""Money that has arrived."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.domain.action import Action
from billing.domain.change import Line
from billing.domain.money import Money
from billing.domain.text import clean
from servicekit.errors import InvalidInput

REFERENCE_LENGTH = 200
LARGEST_PAYMENT = 10**12  # minor units


@dataclass(frozen=True, slots=True)
class Payment:
    """What has arrived, when and how; `reference` is the method's own number for it, empty when it has none."""

    id: UUID
    company_id: UUID
    amount: Money
    method: str
    reference: str
    received_at: datetime
    recorded_at: datetime
    action: Action


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line as it was issued with a row of the history."""

    id: UUID
    company_id: UUID
    revision: int
    line: Line
    issued_at: datetime


def checked_amount(amount: Money) -> None:
    """InvalidInput for nothing, less, or more than anyone pays."""
    if not 1 <= amount.minor_units <= LARGEST_PAYMENT:
        raise InvalidInput(f"amount.minor_units is {amount.minor_units}: give 1 to {LARGEST_PAYMENT}")


def checked_reference(reference: str) -> str:
    """As it is stored; InvalidInput when it is too long."""
    return clean(reference, "reference", most=REFERENCE_LENGTH)
