"""A company's last 90 days as charts and as a file."""

from collections.abc import Mapping, Sequence

from owner_portal.usage.rules.days import CompanyDay
from owner_portal.web.charts import Chart, Series

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


def charts(days: Sequence[CompanyDay], storage_limit: int | None) -> Mapping[str, Chart]:
    """By the name of the chart. A level is not known on a day without work: it is drawn as it was before."""
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
    """The days on which anything was reported, in the order of HEADER."""
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
