"""The days that a company's page shows."""

from collections.abc import Sequence
from datetime import date, timedelta

from owner_portal.directory.rules import CompanyPage
from owner_portal.usage.rules import CompanyDay, Period

CHART_DAYS = 90


def first_day(company: CompanyPage) -> date:
    """The oldest day shown."""
    return company.today - timedelta(days=CHART_DAYS - 1)


def fill_days(company: CompanyPage, known: Sequence[CompanyDay]) -> list[CompanyDay]:
    """Each of the last CHART_DAYS days, oldest first; a day without work has zeros and revision 0."""
    by_day = {day.day: day for day in known}
    dates = [first_day(company) + timedelta(days=number) for number in range(CHART_DAYS)]
    return [by_day.get(day) or CompanyDay(company.company_id, day) for day in dates]


def sums(days: Sequence[CompanyDay], last: int) -> Period:
    """The sums of the `last` days."""
    return Period.total(days[-last:])
