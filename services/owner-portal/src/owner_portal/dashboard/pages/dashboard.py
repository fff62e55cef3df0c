"""The dashboard."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from markupsafe import Markup
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.dashboard.pages.cells import MEASURES, shares
from owner_portal.dashboard.rules.listing import CHOOSABLE, UNSYNCED, Column, Listing
from owner_portal.dashboard.rules.totals import COMPARED, CompanyRow
from owner_portal.dashboard.use_cases import MAX_VIEWS, Dashboard, Dashboards, list_rows
from owner_portal.directory.rules import Status
from owner_portal.web.exports import Row, begun, csv_response, separator_of
from owner_portal.web.inputs import described, described_csv
from owner_portal.web.portal import ThePortal
from owner_portal.web.rendering import fragment, render
from owner_portal.web.requests import wants_json

router = APIRouter()

EXPORT = (
    "company_id",
    "company",
    "email",
    "plan",
    "status",
    "seats_used",
    "seats_limit",
    "active_minutes_30_days",
    "screenshots_30_days",
    "storage_used_bytes",
    "storage_limit_bytes",
    "last_sync_at",
)


@router.get("/", include_in_schema=False)
@router.get("/owner", include_in_schema=False)
@router.get("/owner/", include_in_schema=False)
async def home(_owner: SignedInOwner) -> Response:
    """Leads to the dashboard."""
    return RedirectResponse("/owner/dashboard/", 303)


LISTING = {
    "q": "a part of the name or e-mail",
    "status": "a status, or UNSYNCED",
    "plan": "the code of a plan",
    "sort": "a column",
    "dir": "`desc`; ascending otherwise",
}


@router.get(
    "/owner/dashboard/",
    **described(
        answer='{"companies", "unsynced", "storage_used", "storage_limit", "monthly_revenue", "windows", "matches", '
        '"pages", "rows"}',
        query=LISTING | {"page": "a number from 1"},
    ),
)
async def dashboard(request: Request, portal: ThePortal, _owner: SignedInOwner) -> Response:
    """The totals, and one page of the table."""
    listing = Listing.read(request.query_params.multi_items())
    shown = await portal.get(Dashboards).show(listing)
    if not shown.rows and listing.page > 1:
        return RedirectResponse(listing.at_page(1).url(), 303)
    if wants_json(request):
        return JSONResponse(_json(shown))
    return render(request, "dashboard/dashboard.html", content=_content(shown, listing), gaps=shown.gaps)


@lru_cache(maxsize=MAX_VIEWS)
def _content(shown: Dashboard, listing: Listing) -> Markup:
    return fragment(
        "dashboard/dashboard_content.html",
        listing=listing,
        choosable=CHOOSABLE,
        sort_urls={column: listing.sorted_by(column).url() for column in Column},
        unsynced=UNSYNCED,
        Status=Status,
        company_rows=_company_rows,
        overview=shown.overview,
        shares=shares(shown.overview.by_status),
        rows=shown.rows,
        matches=shown.matches,
        pages=shown.pages,
        compared=COMPARED,
        measures=MEASURES,
    )


@lru_cache(maxsize=5_000)
def _company_row(row: CompanyRow, shown: tuple[Column, ...]) -> Markup:
    """Cached: most rows have not changed, and rendering them dominates the cost of a page."""
    return fragment("dashboard/company_row.html", row=row, shown=shown)


def _company_rows(rows: Sequence[CompanyRow], shown: tuple[Column, ...]) -> Markup:
    return Markup("").join([_company_row(row, shown) for row in rows])


@router.get("/owner/dashboard/companies.csv", **described_csv(**LISTING))
async def companies_csv(request: Request, portal: ThePortal, _owner: SignedInOwner) -> Response:
    """All rows of the view, with every column."""
    listing = Listing.read(request.query_params.multi_items())
    rows = await begun(_exported(row) async for row in list_rows(portal.engine, listing=listing))
    return csv_response(f"companies-{datetime.now(UTC):%Y-%m-%d}.csv", EXPORT, rows, separator_of(request))


def _exported(row: CompanyRow) -> Row:
    return (
        str(row.company_id),
        row.name,
        row.email,
        row.plan_code,
        row.status.value,
        row.seats_used,
        row.seats_limit,
        row.active_seconds // 60,
        row.screenshots,
        row.storage_used,
        row.storage_limit,
        row.last_sync_at,
    )


def _json(shown: Dashboard) -> dict[str, object]:
    overview = shown.overview
    return {
        "companies": overview.by_status,
        "unsynced": overview.unsynced,
        "storage_used": overview.storage_used,
        "storage_limit": overview.storage_limit,
        "monthly_revenue": jsonable_encoder(overview.revenue),
        "windows": jsonable_encoder(overview.windows),
        "matches": shown.matches,
        "pages": shown.pages,
        "rows": jsonable_encoder(shown.rows),
    }
