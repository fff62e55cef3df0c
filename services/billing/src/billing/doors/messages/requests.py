"""What callers ask for, as values of the domain. Every function raises InvalidInput and names the field."""

from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from billing.money.rules.money import Money
from billing.plans.rules.plan import CODE_LENGTH, Plan
from billing.revenue.rules.months import MonthRange
from billing.subscriptions.rules.plan_change import Timing
from contracts.billing.v1 import billing_pb2, plans_pb2, revenue_pb2, subscriptions_pb2
from servicekit.errors import InvalidInput
from servicekit.ids import parse_id
from text_rules.lines import checked

PAGE = 1_000  # rows in one answer at most
LARGEST = 2**63 - 1  # of the database's bigint

_TIMINGS = {
    subscriptions_pb2.CHANGE_TIMING_UNSPECIFIED: None,
    subscriptions_pb2.CHANGE_TIMING_NOW: Timing.NOW,
    subscriptions_pb2.CHANGE_TIMING_PERIOD_END: Timing.PERIOD_END,
}


def company(text: str) -> UUID:
    """The company's id."""
    return parse_id(text, "company_id")


def optional_id(text: str, what: str) -> UUID | None:
    """An id, None for an empty text."""
    return parse_id(text, what) if text else None


def limit(asked: int) -> int:
    """Rows of a page: 0 or too many are the most."""
    return min(asked or PAGE, PAGE)


def revision(asked: int, what: str) -> int:
    """A revision that the database can hold."""
    if asked > LARGEST:
        raise InvalidInput(f"{what} is out of range: give a revision of an answer, or 0.")
    return asked


def money(message: billing_pb2.Money, what: str) -> Money:
    """An amount."""
    try:
        return Money(message.minor_units, message.currency)
    except ValueError as error:
        raise InvalidInput(f"{what}: {error}") from None


def moment(message: Timestamp, what: str) -> datetime:
    """A moment in UTC."""
    try:
        return message.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{what} is no moment of the years 1 to 9999.") from None


def terms(message: plans_pb2.PlanTerms) -> Plan:
    """Terms of a plan that are no version yet."""
    return Plan.proposed(
        code=message.code,
        name=message.name,
        price=money(message.price_per_month, "terms.price_per_month"),
        seats=message.seats,
        storage_bytes=message.storage_bytes,
        screenshot_retention_days=message.screenshot_retention_days,
    )


def timing(asked: "subscriptions_pb2.ChangeTiming.ValueType") -> Timing | None:
    """When a change is to take effect; None: as the rules say."""
    if asked not in _TIMINGS:
        raise InvalidInput(f"Timing {asked} is unknown: give one of {', '.join(map(str, _TIMINGS))}.")
    return _TIMINGS[asked]


def plan_code(asked: str) -> str:
    """A plan's code, whether or not there is such a plan."""
    return checked(asked, "Plan code", most=CODE_LENGTH, required=True)


def plan_version(asked: int) -> int:
    """A version, 0 for the newest."""
    if asked > 2**31 - 1:
        raise InvalidInput("Plan version is out of range: give a version of ListPlans, or 0 for the newest.")
    return asked


def months(message: revenue_pb2.MonthRange, now: datetime) -> MonthRange:
    """Months of a report."""
    return MonthRange.checked(year=message.year, month=message.month, count=message.months, now=now)
