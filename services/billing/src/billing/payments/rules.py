"""Payments and their reversals."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from billing.actions.rules import Action
from billing.money.rules import Money
from billing.money.rules import amount as words
from servicekit.errors import InvalidInput, Refused
from text_rules.lines import validate

MAX_REFERENCE_LENGTH = 200
MAX_PAYMENT = 10**12  # minor units
MAX_UTC_OFFSET = timedelta(hours=14)  # of any time zone: the first place where a day begins


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment. `reference` is its number at the payment method; empty when it has none.

    Payments never change: a mistaken one is cancelled by another with a negative amount, which `reverses` it.
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
        """The reversal of the whole payment.

        InvalidInput without a reason; Refused for a reversal, and for a payment that is already reversed.
        """
        if not action.reason:
            raise InvalidInput("Reason is missing: say why the payment is reversed.", field="reason")
        if self.reverses:
            raise Refused("A reversal cannot be reversed: record the payment again instead.")
        if self.is_reversed:
            raise Refused("The payment is already reversed.")
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


def checked_amount(amount: Money) -> None:
    """InvalidInput for an amount below one minor unit or above the maximum."""
    if not 1 <= amount.minor_units <= MAX_PAYMENT:
        least, most = words(Money(1, amount.currency)), words(Money(MAX_PAYMENT, amount.currency))
        raise InvalidInput(f"Amount must be {least} to {most}, not {words(amount)}.", field="amount")


def checked_reference(reference: str) -> str:
    """The reference as it is stored; InvalidInput when it is too long."""
    return validate(reference, "Reference", max_length=MAX_REFERENCE_LENGTH)


def lies_ahead(received_at: datetime, now: datetime) -> bool:
    """Whether a time is in the future. Midnight in UTC stands for a day, which begins earlier in other time zones."""
    moment = received_at.astimezone(UTC)
    is_day = moment == datetime.combine(moment.date(), time(), UTC)
    return moment > (now + MAX_UTC_OFFSET if is_day else now)
