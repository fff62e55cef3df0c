"""The endless routine of a simulated employee: work, idle time and absence."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tenantry_ops.demo.companies import Craft
from tracker_client import ActivityKind, Window

ROUND_SECONDS = 10  # the upload interval of a tracker; all durations are multiples of it


@dataclass(frozen=True)
class Stretch:
    """`seconds` of one kind; without a kind the person is absent and nothing is tracked."""

    kind: ActivityKind | None
    seconds: int
    window: Window | None = None


def _page(title: str, domain: str) -> Window:
    return Window("Browser", title, browser=True, domain=domain, url=f"https://{domain}/")


COMMON = (
    Window("Mail", "Inbox"),
    Window("Chat", "#general"),
    _page("Calendar", "calendar.example"),
    Window("Browser", "New tab", browser=True),
)
WINDOWS: dict[Craft, tuple[Window, ...]] = {
    "engineering": (
        Window("Code Editor", "pipeline.py"),
        Window("Code Editor", "test_pipeline.py"),
        Window("Terminal", "make test"),
        _page("Pull requests", "code.example"),
        _page("Reference", "docs.example"),
    ),
    "support": (
        Window("Help Desk", "Open tickets"),
        Window("Softphone", "On a call"),
        _page("Knowledge base", "help.example"),
        _page("Parcel tracking", "parcels.example"),
    ),
    "office": (
        Window("Spreadsheet", "Forecast.xlsx"),
        Window("Word Processor", "Proposal.docx"),
        _page("Customers", "crm.example"),
        _page("Invoices", "invoices.example"),
    ),
}


def routine(rng: random.Random, craft: Craft) -> Iterator[Stretch]:
    """Yields endlessly: some work, rarely idle time, then a short absence."""
    windows = [*WINDOWS[craft] * 2, *COMMON]
    while True:
        for _ in range(rng.randint(4, 12)):
            yield Stretch("ACTIVE", _rounds(rng, 2, 24), rng.choice(windows))
            if rng.random() < 0.2:
                yield Stretch("INACTIVE", _rounds(rng, 3, 18))
        yield Stretch(None, _rounds(rng, 3, 18))


def _rounds(rng: random.Random, least: int, most: int) -> int:
    return ROUND_SECONDS * rng.randint(least, most)
