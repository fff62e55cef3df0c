"""Live numbers for open pages as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from owner_portal.access.pages import Guard, Listening
from owner_portal.dashboard.pages.cells import row_cells, total_cells
from owner_portal.dashboard.rules.listing import PAGE_SIZE
from owner_portal.dashboard.use_cases import Dashboards, show_rows
from owner_portal.web.notices import notice
from owner_portal.web.portal import Portal, ThePortal
from servicekit.errors import InvalidInput, NotAuthenticated
from servicekit.ids import parse_id

router = APIRouter()

SESSION_CHECK = 15.0  # seconds; a stream ends at most this long after the sign-out
KEEP_ALIVE = 15.0  # seconds between keep-alive comments


@router.get("/owner/events/", include_in_schema=False)
async def events(
    request: Request, portal: ThePortal, _owner: Listening, ids: Annotated[str, Query(max_length=40 * PAGE_SIZE)] = ""
) -> StreamingResponse:
    """`ids`: the companies the page shows, separated by commas. The first event holds all of them.

    Each event is {"totals": cells, "companies": {id: cells}, "notices": [texts]}; see `cells`. Companies are those that
    are other than they were in the event before.
    """
    companies = frozenset(parse_id(part, "each id") for part in ids.split(",") if part)
    if len(companies) > PAGE_SIZE:
        raise InvalidInput(f"a page shows at most {PAGE_SIZE} companies")
    return StreamingResponse(
        _stream(request, portal, companies),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},  # prevents buffering by proxies
    )


async def _stream(request: Request, portal: Portal, ids: frozenset[UUID]) -> AsyncIterator[str]:
    clock = asyncio.get_running_loop().time
    checked = sent = clock()
    page = _Page(portal, ids)
    while True:
        if event := await page.look():
            sent = clock()
            yield event
        elif clock() - sent >= KEEP_ALIVE:
            sent = clock()
            yield ":\n\n"
        await portal.live.next()
        if clock() - checked >= SESSION_CHECK:
            checked = clock()
            try:
                await portal.get(Guard).authenticate(request, portal, False)
            except NotAuthenticated:
                yield "event: signed-out\ndata: {}\n\n"
                return


class _Page:
    """The state of an open page. A slow page gets fewer events, each with all changes since the last one."""

    def __init__(self, portal: Portal, ids: frozenset[UUID]) -> None:
        self._portal = portal
        self._ids = ids
        self._sent: dict[str, Any] = {}

    async def look(self) -> str | None:
        """The event with the changes since the last one; None without changes."""
        rows = await show_rows(self._portal.engine, ids=self._ids) if self._ids else []
        summary = await self._portal.get(Dashboards).summary()
        now = datetime.now(UTC)
        present: dict[str, Any] = {str(row.company_id): row for row in rows}
        present["totals"] = {**total_cells(summary.overview), "alerts-count": str(self._portal.open_alerts())}
        present["notices"] = [notice(gap, now) for gap in summary.gaps]
        if present == self._sent:
            return None
        changed = [row for row in rows if self._sent.get(str(row.company_id)) != row]
        self._sent = present
        content = {
            "totals": present["totals"],
            "companies": {str(row.company_id): row_cells(row) for row in changed},
            "notices": present["notices"],
        }
        return f"data: {json.dumps(content, separators=(',', ':'))}\n\n"
