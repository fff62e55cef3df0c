"""Line items, invoice lines and the balance."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.money.rules import Money
from billing.money.rules import amount as words
from billing.plans.rules import Plan
from servicekit.errors import Refused


class LineItemKind(StrEnum):
    """Whether a line item is charged or credited."""

    CHARGE = "CHARGE"
    CREDIT = "CREDIT"


@dataclass(frozen=True, slots=True)
class LineItem:
    """An amount for a time on a plan; negative for a credit."""

    kind: LineItemKind
    plan: Plan
    minor_units: int
    covers_from: datetime
    covers_until: datetime

    @property
    def amount(self) -> Money:
        return Money(self.minor_units, self.plan.price_per_month.currency)


def line_items(
    kind: LineItemKind, plan: Plan, minor_units: int, covers_from: datetime, covers_until: datetime
) -> tuple[LineItem, ...]:
    """One line item, or none for an amount of 0."""
    return (LineItem(kind, plan, minor_units, covers_from, covers_until),) if minor_units else ()


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line item as it was issued with a record of the subscription history."""

    id: UUID
    company_id: UUID
    revision: int
    line: LineItem
    issued_at: datetime


def check_overpayment(amount: Money, balance: int, *, allowed: bool, closed_at: datetime | None) -> None:
    """Refused for more than is `balance` (minor units) unless that is `allowed`; always for a closed company."""
    more = Money(amount.minor_units - balance, amount.currency)
    if more.minor_units <= 0:
        return
    known = f"The balance due is {words(Money(balance, amount.currency))}" if balance > 0 else "There is no balance due"
    if closed_at is not None:
        advice = "record at most that amount, and refund the rest" if balance > 0 else "refund the payment"
        raise Refused(f"{known}, and the company is closed: {advice}.")
    if not allowed:
        raise Refused(f"{known}: {words(more)} would be a prepayment. Confirm the prepayment, or correct the amount.")
