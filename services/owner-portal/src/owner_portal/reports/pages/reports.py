"""The reports: companies, usage, plans, revenue, growth; each chart as CSV, revenue down to the rows behind it."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import TypeAdapter
from starlette.responses import JSONResponse, Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.freshness.use_cases import Question
from owner_portal.reports.client import RevenueClient
from owner_portal.reports.pages.charts import charts_of
from owner_portal.reports.rules.reports import DAYS, MONTHS, ReportRange
from owner_portal.reports.rules.revenue import Figure, Movement, RevenueReport
from owner_portal.reports.use_cases import MOVEMENTS_PAGE, Reports, show_movements, show_reports
from owner_portal.web.exports import Row, chart_rows, csv_response, separator_of
from owner_portal.web.inputs import described, described_csv
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import wants_json
from servicekit.errors import NotFound

router = APIRouter(prefix="/owner/reports")

OF_REVENUE = {"mrr-bridge", "mrr-movements", "mrr"}
MOVEMENT_COLUMNS = ("At", "Company id", "Change", "Plan", "MRR change (minor units)", "Currency", "Who", "Why")

RANGE = {"days": "of the usage charts", "months": "of the revenue report"}

_REPORT = TypeAdapter(RevenueReport)
_MOVEMENTS = TypeAdapter(list[Movement])


@router.get("/", **described(answer='{"companies", "plans", "revenue", …}', query=RANGE))
async def reports_page(request: Request, portal: ThePortal, _owner: SignedInOwner) -> Response:
    """All reports over the range in the URL."""
    wanted = ReportRange.read(request.query_params)
    reports = await _read(portal, wanted)
    if wants_json(request):
        return JSONResponse(_json(wanted, reports))
    return render(
        request,
        "reports/reports.html",
        reports=reports,
        summary=reports.summary,
        revenue=reports.revenue.value,
        charts=charts_of(reports),
        wanted=wanted,
        days_choices=DAYS,
        months_choices=MONTHS,
        gaps=reports.gaps,
    )


@router.get("/movements/", include_in_schema=False)
async def movements_page(request: Request, portal: ThePortal, _owner: SignedInOwner) -> Response:
    """The rows behind a figure of the revenue report: `?figure=NEW`."""
    wanted, figure = ReportRange.read(request.query_params), _figure(request)
    after = request.query_params.get("after", "")
    question = _movements(portal, wanted, figure, after=int(after[:18]) if after.isascii() and after.isdigit() else 0)
    view = await show_movements(portal.engine, movements=question)
    return render(request, "reports/movements.html", view=view, wanted=wanted, figure=figure, figures=list(Figure))


@router.get("/movements.csv", **described_csv(**RANGE, figure="the figure whose rows are listed, such as NEW"))
async def movements_csv(request: Request, portal: ThePortal, _owner: SignedInOwner) -> Response:
    """The same without pages. Unavailable: billing does not respond."""
    wanted, figure = ReportRange.read(request.query_params), _figure(request)
    first = await _movements(portal, wanted, figure, after=0).ask()

    async def rows() -> AsyncIterator[Row]:
        found = first
        while found:
            for each in found:
                yield (each.at, str(each.company_id), each.kind, each.plan_code, *_money(each), each.actor, each.reason)
            found = await _movements(portal, wanted, figure, after=found[-1].revision).ask()

    return csv_response(f"movements-{figure.lower()}.csv", MOVEMENT_COLUMNS, rows(), separator_of(request))


@router.get("/{chart}.csv", **described_csv(**RANGE))
async def chart_csv(request: Request, portal: ThePortal, _owner: SignedInOwner, chart: str) -> Response:
    """The data of one chart. NotFound: there is no such chart, or no revenue data yet."""
    reports = await _read(portal, ReportRange.read(request.query_params))
    found = charts_of(reports).get(chart)
    if found is None:
        missing = chart in OF_REVENUE
        raise NotFound("Revenue could not be loaded from billing." if missing else "There is no such chart.")
    header, rows = chart_rows(found)
    return csv_response(f"{chart}.csv", header, rows, separator_of(request))


async def _read(portal: Portal, wanted: ReportRange) -> Reports:
    async def ask() -> RevenueReport:
        return await portal.get(RevenueClient).report(wanted.first_month(datetime.now(UTC).date()), wanted.months)

    question = Question("Billing", f"revenue of {wanted.months} months", ask, _REPORT)
    return await show_reports(portal.engine, wanted=wanted, revenue=question)


def _movements(portal: Portal, wanted: ReportRange, figure: Figure, *, after: int) -> Question[list[Movement]]:
    async def ask() -> list[Movement]:
        first = wanted.first_month(datetime.now(UTC).date())
        return await portal.get(RevenueClient).movements(
            first, wanted.months, figure, after_revision=after, limit=MOVEMENTS_PAGE + 1
        )

    return Question("Billing", f"movements {figure} {wanted.months} {after}", ask, _MOVEMENTS)


def _figure(request: Request) -> Figure:
    try:
        return Figure(request.query_params.get("figure", Figure.NEW))
    except ValueError:
        raise NotFound("There is no such figure. Choose one from the list.") from None


def _money(movement: Movement) -> tuple[int, str]:
    return movement.amount, movement.currency


def _json(wanted: ReportRange, reports: Reports) -> dict[str, Any]:
    summary, revenue = reports.summary, reports.revenue
    return {
        "days": wanted.days,
        "months": wanted.months,
        "companies": {status.value: count for status, count in summary.by_status.items()},
        "plans": {code: {"companies": count, "mrr": mrr} for code, (count, mrr) in summary.by_plan.items()},
        "average_employees": summary.average_employees,
        "top_companies": [asdict(company) | {"company_id": str(company.company_id)} for company in summary.top],
        "growth": [asdict(month) | {"month": f"{month.month:%Y-%m}"} for month in summary.growth],
        "revenue": _REPORT.dump_python(revenue.value, mode="json") if revenue.value else None,
        "revenue_as_of": revenue.as_of.isoformat() if revenue.as_of else None,
    }
