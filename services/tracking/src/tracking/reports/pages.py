"""Pages and CSV files of reports: admins see everyone of their company, employees see themselves."""

from dataclasses import astuple, fields
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from servicekit.errors import InvalidInput
from tracking.reports.store import ReportTotals
from tracking.reports.use_cases import Daily, Monthly, TopUse, show_daily, show_monthly, show_top_use
from tracking.workspace.pages.exports import CsvSeparator, Value, csv_response
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import AnyVisitor, TheWorkspace, Visitor
from tracking.workspace.rules.visitors import ADMIN

router = APIRouter(prefix="/reports")
SUMS = [field.name for field in fields(ReportTotals)]


async def _daily(workspace: TheWorkspace, visitor: AnyVisitor, day: date | None = None) -> Daily:
    return await show_daily(
        workspace.engine, visitor.company_id, only_of=_only_of(visitor), day=day, now=datetime.now(UTC)
    )


async def _monthly(workspace: TheWorkspace, visitor: AnyVisitor, month: str = "") -> Monthly:
    """`month` has the form 2026-01, as browsers send it."""
    try:
        first = date.fromisoformat(f"{month}-01") if month else None
    except ValueError:
        raise InvalidInput("the month must be written like 2026-01", field="month") from None
    return await show_monthly(
        workspace.engine, visitor.company_id, only_of=_only_of(visitor), month=first, now=datetime.now(UTC)
    )


async def _top_use(
    workspace: TheWorkspace, visitor: AnyVisitor, first: date | None = None, last: date | None = None
) -> TopUse:
    return await show_top_use(
        workspace.engine,
        visitor.company_id,
        only_of=_only_of(visitor),
        first=first,
        last=last,
        now=datetime.now(UTC),
    )


ADay = Annotated[Daily, Depends(_daily)]
AMonth = Annotated[Monthly, Depends(_monthly)]
ARange = Annotated[TopUse, Depends(_top_use)]


@router.get("")
async def daily(visitor: AnyVisitor, shown: ADay) -> Response:
    """Each person's day."""
    return render("report_daily.html", person=visitor.person, shown=shown)


@router.get("/daily.csv")
async def daily_file(shown: ADay, separator: CsvSeparator) -> Response:
    """The same as CSV."""
    rows = [[shown.day, person.name, person.email, *astuple(sums)] for person, sums in shown.people]
    return csv_response(f"daily-{shown.day}.csv", ["day", "name", "email", *SUMS], rows, separator)


@router.get("/monthly")
async def monthly(visitor: AnyVisitor, shown: AMonth) -> Response:
    """A month by person and by day."""
    return render("report_monthly.html", person=visitor.person, shown=shown)


@router.get("/people.csv")
async def people_file(shown: AMonth, separator: CsvSeparator) -> Response:
    """The month by person as CSV."""
    rows = [[f"{shown.first:%Y-%m}", person.name, person.email, *astuple(sums)] for person, sums in shown.people]
    return csv_response(f"people-{shown.first:%Y-%m}.csv", ["month", "name", "email", *SUMS], rows, separator)


@router.get("/days.csv")
async def days_file(shown: AMonth, separator: CsvSeparator) -> Response:
    """The month by day as CSV."""
    rows = [[day, *astuple(sums)] for day, sums in shown.days.items()]
    return csv_response(f"days-{shown.first:%Y-%m}.csv", ["day", *SUMS], rows, separator)


@router.get("/use")
async def top_use(visitor: AnyVisitor, shown: ARange) -> Response:
    """The applications and websites of a range of days."""
    return render("report_use.html", person=visitor.person, shown=shown)


@router.get("/use.csv")
async def top_use_file(shown: ARange, separator: CsvSeparator) -> Response:
    """The same as CSV."""
    kinds = (("application", shown.applications), ("website", shown.websites))
    rows: list[list[Value]] = [[kind, use.name, use.seconds, use.people] for kind, uses in kinds for use in uses]
    return csv_response(f"use-{shown.first}-{shown.last}.csv", ["kind", "name", "seconds", "people"], rows, separator)


def _only_of(visitor: Visitor) -> UUID | None:
    return None if visitor.person.role == ADMIN else visitor.person.employee_id
