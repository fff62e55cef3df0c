"""Money that has arrived, and what was recorded by mistake."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from billing.actions.rules.action import Action
from billing.money.rules.money import Money
from billing.money.rules.wording import amount as words
from billing.subscriptions.rules.change import Line
from servicekit.errors import InvalidInput, Refused
from text_rules.lines import checked

REFERENCE_LENGTH = 200
LARGEST_PAYMENT = 10**12  # minor units


@dataclass(frozen=True, slots=True)
class Payment:
    """What has arrived, when and how; `reference` is the method's own number for it, empty when it has none.

    A payment that should not be there is never changed: another one of less than nothing `reverses` it.
    """

    id: UUID
    company_id: UUID
    amount: Money
    method: str
    reference: str
    received_at: datetime
    recorded_at: datetime
    action: Action
    reverses: UUID | None = None
    is_reversed: bool = False

    def reversal(self, reversal_id: UUID, now: datetime, action: Action) -> "Payment":
        """What takes it back, whole. InvalidInput without a reason; Refused when that was done, or undone, before."""
        if not action.reason:
            raise InvalidInput("Reason is missing: say why the payment is taken back.")
        if self.reverses:
            raise Refused("This takes a payment back, and stays: record the payment again instead.")
        if self.is_reversed:
            raise Refused("The payment was taken back before: it counts no more.")
        return replace(
            self,
            id=reversal_id,
            amount=Money(-self.amount.minor_units, self.amount.currency),
            reference="",
            received_at=now,
            recorded_at=now,
            action=action,
            reverses=self.id,
        )


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
        least, most = words(Money(1, amount.currency)), words(Money(LARGEST_PAYMENT, amount.currency))
        raise InvalidInput(f"Amount must be {least} to {most}, not {words(amount)}.")


def checked_reference(reference: str) -> str:
    """As it is stored; InvalidInput when it is too long."""
    return checked(reference, "Reference", most=REFERENCE_LENGTH)


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
