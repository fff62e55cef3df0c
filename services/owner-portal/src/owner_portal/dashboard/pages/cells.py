"""The changing parts of the pages, by name, as open pages are sent them; templates print the same names.

A text is the content of the elements with that `data-cell`, a mapping their attributes: numbers are {"value": …}, which
the page puts into words as it did at first.
"""

from collections.abc import Mapping
from datetime import datetime

from owner_portal.dashboard.rules.overview import COMPARED, TOTALLED, CompanyRow, CompanySummary, Overview
from owner_portal.freshness.rules.sources import Gap
from owner_portal.usage.rules.platform_days import Measure
from owner_portal.web import charts, formats

Cells = Mapping[str, str | Mapping[str, str]]

MEASURES: Mapping[str, Measure] = {
    "minutes": "active_seconds",
    "sessions": "sessions",
    "screenshots": "screenshots",
}


def total_cells(overview: Overview) -> Cells:
    """The totals of the platform. "minutes-7" is a sum of seven days, "minutes-7-change" how whole days change."""
    cells: dict[str, str | Mapping[str, str]] = {
        "companies": _number(overview.companies),
        "unsynced": _number(overview.unsynced),
        "storage-used": _number(overview.storage_used),
        "storage-limit": _number(overview.storage_limit),
        "storage-bar": bar(overview.storage_used, overview.storage_limit),
        "mrr": _number(overview.revenue.now),
        "mrr-change": _number(overview.revenue.change),
    }
    for status, (start, length) in charts.shares(overview.by_status).items():
        cells[f"count-{status}"] = _number(overview.by_status[status])
        cells[f"share-{status}"] = {"x": str(start), "width": str(length)}
    for name, measure in MEASURES.items():
        cells[f"{name}-spark"] = {"points": charts.spark(overview.series(measure))}
    for days in TOTALLED:
        for name, measure in MEASURES.items():
            cells[f"{name}-{days}"] = _number(getattr(overview.windows[days].now, measure))
            if days in COMPARED:
                cells[f"{name}-{days}-change"] = _number(overview.change(measure, days))
    return cells


def state_cells(company: CompanySummary) -> Cells:
    """How one company stands."""
    return {
        "plan": company.plan_code or "–",
        "price": {**_number(company.price_minor_units), "data-currency": company.currency or ""},
        "until": {"datetime": company.expires_at.date().isoformat() if company.expires_at else ""},
        "badge": {"data-status": company.status.value},
        "status": company.status.label,
        "seats": _number(company.seats_used),
        "seats-limit": _number(company.seats_limit),
        "seats-bar": bar(company.seats_used, company.seats_limit),
        "storage": _number(company.storage_used),
        "storage-limit": _number(company.storage_limit),
        "storage-bar": bar(company.storage_used, company.storage_limit),
        "sync": {"datetime": company.last_sync_at.isoformat() if company.last_sync_at else ""},
    }


def row_cells(row: CompanyRow) -> Cells:
    """One company in the table, with what it did in the last 30 days."""
    return {
        **state_cells(row),
        "minutes": _number(row.active_seconds),
        "spark": {"points": charts.spark(row.daily_minutes)},
        "screenshots": _number(row.screenshots),
    }


def bar(part: int | None, whole: int | None) -> Mapping[str, str]:
    """How far a bar of 100 is filled, and whether that is nearly all."""
    filled = formats.percent(part, whole)
    return {"width": str(filled), "data-full": "true" if filled >= 90 else "false"}


def notice(gap: Gap, now: datetime) -> str:
    """What the owner is told about what is not as of now."""
    if gap.percent is not None:
        return f"The numbers are being put together anew, {gap.percent} % so far. Until then you see the old ones."
    if gap.since is None:
        return f"{gap.service} has not answered yet: {gap.shows} are missing."
    since = f"{formats.moment(gap.since)} ({formats.ago(gap.since, now)})"
    return f"{gap.service} does not answer: {gap.shows} are as of {since}."


def _number(value: float | None) -> Mapping[str, str]:
    return {"value": "" if value is None else str(value)}
