"""Messages of the aggregate feed, the only data that leaves tracking: numbers, dates, company ids and revisions."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from contracts.tracking.v1 import usage_pb2
from servicekit.events import OutgoingEvent
from tracking.totals.store.company_days import NUMBERS, CompanyDayRow

STREAM = "USAGE"


def company_month_event(company_id: UUID, first: date, days: Sequence[CompanyDayRow]) -> OutgoingEvent:
    """The message of the month that begins on `first`; it replaces the previous one."""
    month = usage_pb2.CompanyMonth(
        company_id=str(company_id),
        year=first.year,
        month=first.month,
        revision=max((day.revision for day in days), default=0),
        days=[_to_day(day) for day in days],
    )
    return OutgoingEvent(
        subject=f"usage.v1.{company_id}.{first:%Y%m}",
        type="tenantry.usage.v1.company_month",
        payload=month.SerializeToString(),
        revision=month.revision,
    )


def _to_day(row: CompanyDayRow) -> usage_pb2.CompanyDay:
    return usage_pb2.CompanyDay(day=row.day.day, **{name: getattr(row, name) for name in NUMBERS})
