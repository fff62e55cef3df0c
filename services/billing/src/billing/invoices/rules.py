"""What is charged and credited, and what is owed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.money.rules import Money
from billing.money.rules import amount as words
from billing.plans.rules import Plan
from servicekit.errors import Refused


class LineKind(StrEnum):
    """Which way the money goes."""

    CHARGE = "CHARGE"
    CREDIT = "CREDIT"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice: an amount (negative for a credit) for the time of a plan."""

    kind: LineKind
    plan: Plan
    minor_units: int
    covers_from: datetime
    covers_until: datetime

    @property
    def amount(self) -> Money:
        return Money(self.minor_units, self.plan.price_per_month.currency)


def line(
    kind: LineKind, plan: Plan, minor_units: int, covers_from: datetime, covers_until: datetime
) -> tuple[Line, ...]:
    """One line, or none for nothing."""
    return (Line(kind, plan, minor_units, covers_from, covers_until),) if minor_units else ()


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line as it was issued with a row of the history."""

    id: UUID
    company_id: UUID
    revision: int
    line: Line
    issued_at: datetime


def refuse_credit(amount: Money, owed: int, *, allowed: bool, closed_at: datetime | None) -> None:
    """Refused when more arrives than is `owed` (minor units), unless `allowed`; a closed company has no use for it."""
    more = Money(amount.minor_units - owed, amount.currency)
    if more.minor_units <= 0:
        return
    known = f"{words(Money(owed, amount.currency))} are owed" if owed > 0 else "Nothing is owed"
    if closed_at is not None:
        advice = "record no more than that, and pay back the rest" if owed > 0 else "pay back what has arrived"
        raise Refused(f"{known}, and the company is closed: {advice}.")
    if not allowed:
        raise Refused(f"{known}: {words(more)} would be paid in advance. Confirm that, or correct the amount.")
