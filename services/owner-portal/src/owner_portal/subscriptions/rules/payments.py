"""What was charged, credited and paid, and money as it is typed in. Amounts are whole minor units."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from owner_portal.plans.rules.plans import Money

EARLIEST_ZONE = timedelta(hours=14)  # ahead of UTC: Kiritimati, where each day begins first
LARGEST = 10**12  # minor units that billing takes as one payment


# A comma is taken between thousands alone: 99,50 must not become 9,950.
_AMOUNT = re.compile(r"(\d{1,10}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """What was charged for a plan over some time; a credit is negative. `issued_at` None: it is a preview."""

    amount: Money
    plan_code: str
    covers_from: datetime
    covers_until: datetime
    issued_at: datetime | None = None
    line_id: str = ""

    @property
    def is_credit(self) -> bool:
        return self.amount.minor_units < 0


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that has arrived. `reference` is the method's own number for it; empty: none.

    One that `reverses` another takes it back; that one is_reversed from then on.
    """

    payment_id: UUID
    amount: Money
    method: str
    reference: str
    received_at: datetime
    recorded_at: datetime
    actor: str
    reason: str
    reverses: UUID | None = None
    is_reversed: bool = False


def read_amount(typed: str) -> int | None:
    """Minor units of an amount such as 99, 99.5 or 1,234.50; None when it is none, nothing, or too much."""
    found = _AMOUNT.fullmatch(typed.strip())
    if not found:
        return None
    whole, cents = found.groups()
    minor_units = int(whole.replace(",", "")) * 100 + int((cents or "").ljust(2, "0"))
    return minor_units if 0 < minor_units <= LARGEST else None


def latest_today(now: datetime) -> date:
    """The date in the zone where days begin first: no page knows where its owner is, and it may be there."""
    return (now.astimezone(UTC) + EARLIEST_ZONE).date()


def read_day(typed: str, today: date) -> datetime | None:
    """The beginning of a day (UTC) that is not after `today`, written 2026-05-03; None when it is none."""
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day <= today else None
