"""Live numbers for open pages as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from owner_portal.api.access import Listening
from owner_portal.api.cells import notice, row_cells, total_cells
from owner_portal.api.portal import Portal, ThePortal
from owner_portal.application.recognise import recognise
from owner_portal.application.show_dashboard import Dashboard
from owner_portal.domain.listing import PAGE_SIZE
from servicekit.errors import InvalidInput, NotAuthenticated
from servicekit.ids import parse_id

router = APIRouter()

SESSION_CHECK = 15.0  # seconds after which a stream of somebody who signed out has ended at the latest


@router.get("/owner/events/")
async def events(
    request: Request, portal: ThePortal, _owner: Listening, ids: Annotated[str, Query(max_length=40 * PAGE_SIZE)] = ""
) -> StreamingResponse:
    """`ids`: the companies the page shows, separated by commas. The first event holds all of them.

    Each event is {"totals": cells, "companies": {id: cells}, "notices": [texts]}; see `cells`.
    """
    companies = frozenset(parse_id(part, "each id") for part in ids.split(",") if part)
    if len(companies) > PAGE_SIZE:
        raise InvalidInput(f"a page shows at most {PAGE_SIZE} companies")
    token = request.cookies.get(portal.cookie_name, "")
    return StreamingResponse(
        _stream(portal, companies, token),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},  # a proxy that collects would make it late
    )


async def _stream(portal: Portal, ids: frozenset[UUID], token: str) -> AsyncIterator[str]:
    clock = asyncio.get_running_loop().time
    checked = clock()
    with portal.live.watch(ids) as watcher:
        while True:
            missed = await watcher.next()
            if clock() - checked >= SESSION_CHECK:
                checked = clock()
                try:
                    await recognise(portal.engine, token=token, touch=False)
                except NotAuthenticated:
                    yield "event: signed-out\ndata: {}\n\n"
                    return
            yield _event(await portal.live.read(missed))


def _event(shown: Dashboard) -> str:
    now = datetime.now(UTC)
    content = {
        "totals": total_cells(shown.overview),
        "companies": {str(row.company_id): row_cells(row, shown.sparks[row.company_id]) for row in shown.rows},
        "notices": [notice(gap, now) for gap in shown.gaps],
    }
    return f"data: {json.dumps(content, separators=(',', ':'))}\n\n"
