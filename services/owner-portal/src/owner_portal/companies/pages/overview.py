"""One company's page: contact, subscription, usage, and links to all actions."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.companies.pages import questions
from owner_portal.companies.rules.keys import devices_on_old
from owner_portal.companies.use_cases import show_company
from owner_portal.directory.pages.answers import company_json
from owner_portal.directory.pages.cells import state_cells
from owner_portal.freshness.use_cases import cached_answers
from owner_portal.subscriptions.pages import questions as of_subscription
from owner_portal.usage.rules import CompanyDay
from owner_portal.web.charts import Chart, Series
from owner_portal.web.exports import csv_response, separator_of
from owner_portal.web.inputs import described, described_csv
from owner_portal.web.portal import ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import wants_json

router = APIRouter(prefix="/owner/company/{company_id:uuid}")

DONE = {
    "suspended": "Suspended. The company's trackers and users are now refused.",
    "reactivated": "Reactivated. The company's trackers and users are accepted again.",
    "closed": "Closed permanently. Its keys have been revoked.",
    "edited": "Changes saved.",
    "logo-changed": "Logo saved.",
    "policy-changed": "Tracking policy saved. Trackers apply it with their next request.",
    "plan-changed": "Plan changed.",
    "plan-scheduled": "The plan change is scheduled for the end of the period.",
    "change-withdrawn": "The scheduled change has been withdrawn.",
}

HEADER = (
    "day",
    "active_seconds",
    "idle_seconds",
    "people_active",
    "sessions",
    "screenshots",
    "storage_bytes",
    "seats_used",
)


@router.get("/usage.csv", **described_csv())
async def usage_csv(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """The data of the charts, one row for each day with data."""
    view = await show_company(portal.engine, company_id=company_id)
    return csv_response(f"usage-{company_id}.csv", HEADER, rows(view.days), separator_of(request))


@router.get(
    "/", **described(answer='{"company", "status", "last_sync_at", "days", "keys", "policy", "history", "scheduled"}')
)
async def company_page(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """The overview: the read model's part, and four questions to tenancy and billing."""
    view = await show_company(portal.engine, company_id=company_id)
    keys, policy, history, scheduled = await cached_answers(
        portal.engine,
        questions.keys(portal, company_id),
        questions.policy(portal, company_id),
        of_subscription.history(portal, company_id),
        of_subscription.scheduled(portal, company_id),
    )
    company = view.company
    if wants_json(request):
        parts = {"keys": keys, "policy": policy, "history": history, "scheduled": scheduled}
        days = [day._asdict() for day in view.days]
        known = {"status": company.status, "last_sync_at": company.last_sync_at, "days": days, **parts}
        return JSONResponse({"company": company_json(company), **jsonable_encoder(known)})
    return render(
        request,
        "companies/overview.html",
        view=view,
        company=company,
        cells=state_cells(company),
        charts=charts(view.days, company.storage_limit),
        gaps=view.gaps,
        keys=keys,
        on_old=devices_on_old(keys.value or ()),
        policy=policy,
        history=history,
        scheduled=scheduled,
        done=DONE.get(request.query_params.get("done", "")),
    )


def charts(days: Sequence[CompanyDay], storage_limit: int | None) -> Mapping[str, Chart]:
    """The charts by name. On a day without work a level continues with its last value."""
    labels = [day.day.isoformat() for day in days]
    return {
        "usage": Chart(
            "stacked",
            labels,
            [
                Series("Active minutes", [day.active_seconds for day in days]),
                Series("Idle minutes", [day.idle_seconds for day in days]),
            ],
            zoom=True,
            unit="seconds",
        ),
        "activity": Chart(
            "line",
            labels,
            [
                Series("Sessions", [day.sessions for day in days]),
                Series("Screenshots", [day.screenshots for day in days]),
                Series("People active", [day.employees_active for day in days]),
            ],
            zoom=True,
        ),
        "storage": Chart(
            "line",
            labels,
            [
                Series("In use", _level([day.storage_bytes if day.revision else None for day in days])),
                Series("Limit", [storage_limit] * len(days)),
            ],
            zoom=True,
            unit="bytes",
        ),
    }


def rows(days: Sequence[CompanyDay]) -> list[tuple[str | int, ...]]:
    """The days with reports, in the order of HEADER."""
    return [
        (
            day.day.isoformat(),
            day.active_seconds,
            day.idle_seconds,
            day.employees_active,
            day.sessions,
            day.screenshots,
            day.storage_bytes,
            day.seats_used,
        )
        for day in days
        if day.revision
    ]


def _level(values: Sequence[int | None]) -> list[int | None]:
    known: list[int | None] = []
    for value in values:
        known.append(value if value is not None or not known else known[-1])
    return known
