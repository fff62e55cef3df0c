"""Invoice lines, payments, and parsing of amounts. Amounts are in minor units."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from owner_portal.plans.rules.plans import Money

EARLIEST_ZONE = timedelta(hours=14)  # ahead of UTC: Kiritimati, where each day begins first
MAX_MINOR_UNITS = 10**12  # the largest payment in minor units


# Commas only between thousands: 99,50 must not become 9,950.
_AMOUNT = re.compile(r"(\d{1,10}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """An invoice line of a plan over some time; a credit is negative. `issued_at` None: a preview."""

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
    """A payment. `reference` is its number at the bank; empty: none.

    A reversal names in `reverses` the payment that it cancels; that one is then `is_reversed`.
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
    """Parses an amount such as 99, 99.5 or 1,234.50 into minor units; None: invalid, zero, or too large."""
    found = _AMOUNT.fullmatch(typed.strip())
    if not found:
        return None
    whole, cents = found.groups()
    minor_units = int(whole.replace(",", "")) * 100 + int((cents or "").ljust(2, "0"))
    return minor_units if 0 < minor_units <= MAX_MINOR_UNITS else None


def latest_today(now: datetime) -> date:
    """The latest date that is today in any time zone: the time zone of the owner is unknown."""
    return (now.astimezone(UTC) + EARLIEST_ZONE).date()


def read_day(typed: str, today: date) -> datetime | None:
    """Parses a date such as 2026-05-03, not after `today`, into its beginning in UTC; None: invalid."""
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day <= today else None
