"""The changing parts of the pages, by name: templates print them, open pages are sent them again.

A text is the content of the elements with that `data-cell`, a mapping their attributes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from owner_portal.api import charts, formats
from owner_portal.domain.overview import CompanyRow, CompanyState, Overview
from owner_portal.domain.sources import Gap

Cells = Mapping[str, str | Mapping[str, str]]

PERIODS = {"today": 1, "7d": 7, "30d": 30}


def total_cells(overview: Overview) -> Cells:
    """The totals of the platform."""
    cells: dict[str, str | Mapping[str, str]] = {
        "companies": formats.number(overview.companies),
        "unsynced": formats.number(overview.unsynced),
        "storage-used": formats.size(overview.storage_used),
        "storage-limit": formats.size(overview.storage_limit),
        "storage-bar": bar(overview.storage_used, overview.storage_limit),
    }
    for status, (start, length) in charts.shares(overview.by_status).items():
        cells[f"count-{status}"] = formats.number(overview.by_status[status])
        cells[f"share-{status}"] = {"x": str(start), "width": str(length)}
    for name, days in PERIODS.items():
        period = overview.period(days)
        cells[f"minutes-{name}"] = formats.minutes(period.active_seconds)
        cells[f"sessions-{name}"] = formats.number(period.sessions)
        cells[f"screenshots-{name}"] = formats.number(period.screenshots)
    for name, measure in (("minutes", "active_seconds"), ("sessions", "sessions"), ("screenshots", "screenshots")):
        cells[f"{name}-spark"] = spark(overview.series(measure))
    return cells


def state_cells(company: CompanyState) -> Cells:
    """How one company stands."""
    return {
        "plan": company.plan_code or "–",
        "badge": {"data-status": company.status.value},
        "status": company.status.label,
        "seats": f"{formats.number(company.seats_used or 0)} / {formats.number(company.seats_limit)}",
        "seats-bar": bar(company.seats_used, company.seats_limit),
        "storage": formats.size(company.storage_used or 0),
        "storage-limit": formats.size(company.storage_limit),
        "storage-bar": bar(company.storage_used, company.storage_limit),
        "sync": {"datetime": company.last_sync_at.isoformat() if company.last_sync_at else ""},
    }


def row_cells(row: CompanyRow, series: Sequence[int]) -> Cells:
    """One company in the table, with what it did in the last 30 days."""
    return {
        **state_cells(row),
        "minutes": formats.minutes(row.active_seconds),
        "spark": spark(series),
        "screenshots": formats.number(row.screenshots),
    }


def bar(part: int | None, whole: int | None) -> Mapping[str, str]:
    """How far a bar of 100 is filled, and whether that is nearly all."""
    filled = formats.percent(part, whole)
    return {"width": str(filled), "data-full": "true" if filled >= 90 else "false"}


def spark(series: Sequence[int]) -> Mapping[str, str]:
    """A small line."""
    return {"points": charts.spark(series)}


def notice(gap: Gap, now: datetime) -> str:
    """What the owner is told about a service that is away."""
    if gap.since is None:
        return f"{gap.service} has not answered yet: {gap.shows} are missing."
    since = f"{formats.moment(gap.since)} ({formats.ago(gap.since, now)})"
    return f"{gap.service} does not answer: {gap.shows} are as of {since}."
