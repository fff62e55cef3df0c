"""Cells of the dashboard: its changing parts by name, as live updates send them.

A text is the content of the elements with that `data-cell`, a mapping their attributes: numbers are {"value": …}, which
the page formats.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from owner_portal.dashboard.rules.totals import COMPARED, TOTALLED, CompanyRow, Overview
from owner_portal.directory.pages.cells import state_cells
from owner_portal.directory.rules import Status
from owner_portal.usage.rules import Measure
from owner_portal.web import charts
from owner_portal.web.cells import Cells, bar, number


@dataclass(frozen=True, slots=True)
class MeasureCard:
    """A card with the totals of one measure; `kind` is the format of its numbers."""

    title: str
    measure: Measure
    kind: str = ""


MEASURES: Mapping[str, MeasureCard] = {
    "minutes": MeasureCard("Active minutes", "active_seconds", "minutes"),
    "sessions": MeasureCard("Sessions", "sessions"),
    "screenshots": MeasureCard("Screenshots", "screenshots"),
}


def total_cells(overview: Overview) -> Cells:
    """The totals of the platform. "minutes-7" is a sum of seven days, "minutes-7-change" how whole days change."""
    cells: dict[str, str | Mapping[str, str]] = {
        "companies": number(overview.companies),
        "unsynced": number(overview.unsynced),
        "storage-used": number(overview.storage_used),
        "storage-limit": number(overview.storage_limit),
        "storage-bar": bar(overview.storage_used, overview.storage_limit),
        "mrr": number(overview.revenue.now),
        "mrr-change": number(overview.revenue.change),
    }
    for status, (start, length) in shares(overview.by_status).items():
        cells[f"count-{status}"] = number(overview.by_status[status])
        cells[f"share-{status}"] = {"x": str(start), "width": str(length)}
    for name, card in MEASURES.items():
        cells[f"{name}-spark"] = {"points": charts.spark(overview.series(card.measure))}
        for days in TOTALLED:
            cells[f"{name}-{days}"] = number(getattr(overview.windows[days].now, card.measure))
            if days in COMPARED:
                cells[f"{name}-{days}-change"] = number(overview.change(card.measure, days))
    return cells


def row_cells(row: CompanyRow) -> Cells:
    """The cells of one company in the table."""
    return {
        **state_cells(row),
        "minutes": number(row.active_seconds),
        "spark": {"points": charts.spark(row.daily_minutes)},
        "screenshots": number(row.screenshots),
    }


def shares(counts: Mapping[Status, int]) -> dict[Status, tuple[float, float]]:
    """The start and length of each status in a bar of 100."""
    whole = sum(counts.values()) or 1
    found: dict[Status, tuple[float, float]] = {}
    start = 0.0
    for status, count in counts.items():
        length = 100 * count / whole
        found[status] = (round(start, 2), round(length, 2))
        start += length
    return found
