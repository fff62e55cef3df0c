"""The dashboard."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from owner_portal.api.access import SignedInOwner
from owner_portal.api.cells import row_cells, total_cells
from owner_portal.api.pages import render
from owner_portal.api.portal import ThePortal
from owner_portal.application.show_dashboard import show_dashboard
from owner_portal.domain.listing import UNSYNCED, Listing, Sort

router = APIRouter()

COLUMNS = (
    (Sort.NAME, "Company", ""),
    (Sort.PLAN, "Plan", ""),
    (Sort.STATUS, "Status", ""),
    (Sort.SEATS, "Seats", "number"),
    (Sort.MINUTES, "Active min, 30 d", "number"),
    (Sort.SCREENSHOTS, "Screenshots, 30 d", "number"),
    (Sort.STORAGE, "Storage", "number"),
    (Sort.SYNC, "Last sync", "number"),
)


@router.get("/")
async def home(_owner: SignedInOwner) -> Response:
    """Leads to the dashboard."""
    return RedirectResponse("/owner/dashboard/", 303)


@router.get("/owner/dashboard/")
async def dashboard(request: Request, portal: ThePortal, _owner: SignedInOwner) -> Response:
    """Totals, and one page of the table as the URL asks for it."""
    listing = Listing.read(request.query_params)
    shown = await show_dashboard(portal.engine, listing=listing)
    if not shown.rows and listing.page > 1:
        return RedirectResponse(listing.at_page(1).url(), 303)
    rows = [(row, row_cells(row, shown.sparks[row.company_id])) for row in shown.rows]
    return render(
        request,
        "dashboard.html",
        listing=listing,
        columns=COLUMNS,
        unsynced=UNSYNCED,
        totals=total_cells(shown.overview),
        overview=shown.overview,
        rows=rows,
        matches=shown.matches,
        pages=shown.pages,
        gaps=shown.gaps,
    )
