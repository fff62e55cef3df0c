"""Money that has arrived, and what was recorded by mistake."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from billing.actions.rules import Action
from billing.money.rules import Money
from billing.money.rules import amount as words
from servicekit.errors import InvalidInput, Refused
from text_rules.lines import checked

REFERENCE_LENGTH = 200
LARGEST_PAYMENT = 10**12  # minor units
EARLIEST_ZONE = timedelta(hours=14)  # ahead of UTC: where each day begins first


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


def checked_amount(amount: Money) -> None:
    """InvalidInput for nothing, less, or more than anyone pays."""
    if not 1 <= amount.minor_units <= LARGEST_PAYMENT:
        least, most = words(Money(1, amount.currency)), words(Money(LARGEST_PAYMENT, amount.currency))
        raise InvalidInput(f"Amount must be {least} to {most}, not {words(amount)}.")


def checked_reference(reference: str) -> str:
    """As it is stored; InvalidInput when it is too long."""
    return checked(reference, "Reference", most=REFERENCE_LENGTH)


def lies_ahead(received_at: datetime, now: datetime) -> bool:
    """A moment does when it is later than now; a day, said by its beginning in UTC, until it begins somewhere."""
    moment = received_at.astimezone(UTC)
    is_day = moment == datetime.combine(moment.date(), time(), UTC)
    return moment > (now + EARLIEST_ZONE if is_day else now)
