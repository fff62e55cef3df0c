"""Live updates: after the commit, coalesced, and until the session ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from owner_portal.dashboard.pages import events
from owner_portal.web.live import Live
from owner_portal.web.portal import Portal
from testkit.pages import Page

TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module", autouse=True)
async def telling(portal: Portal, run: Any) -> AsyncIterator[None]:
    async with run(portal.live.run()):
        yield


async def told(lines: AsyncIterator[str]) -> dict[str, Any]:
    async for line in lines:
        if line.startswith("data: "):
            content: dict[str, Any] = json.loads(line.removeprefix("data: "))
            return content
    raise AssertionError("the stream has ended")


def stream(owner: Any, *ids: UUID) -> Any:
    return owner.script.stream("GET", f"/owner/events/?ids={','.join(map(str, ids))}")


async def test_tells_of_what_a_page_shows(owner: Any, model: Any, portal: Portal) -> None:
    shown, other = await model.company("Shown Ltd"), await model.company("Other Ltd")
    async with stream(owner, shown) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        first = await told(lines)
        assert set(first["companies"]) == {str(shown)}, "at first all that the page shows"
        assert first["totals"]["minutes-1"] == {"value": "0"}
        for number in range(1, 21):
            await model.day(shown, TODAY, minutes=number, revision=number)
            portal.live.mark({shown, other})
        update = await told(lines)
        while update["companies"].get(str(shown), {}).get("minutes") != {"value": "1200"}:
            update = await told(lines)
        assert set(update["companies"]) == {str(shown)}
        assert update["totals"]["minutes-1"] == {"value": "1200"}
        assert update["companies"][str(shown)]["badge"] == {"data-status": "PENDING"}
        assert "Billing has not responded yet" in " ".join(update["notices"])


async def test_tells_what_another_process_has_taken_in(owner: Any, model: Any) -> None:
    """Nothing marks it here. What is as it was is not sent again."""
    shown, still = await model.company("Elsewhere Ltd"), await model.company("Still Ltd")
    async with stream(owner, shown, still) as answer:
        lines = answer.aiter_lines()
        assert set((await told(lines))["companies"]) == {str(shown), str(still)}
        await model.day(shown, TODAY, minutes=3)
        update = await told(lines)
        while not update["companies"]:
            update = await told(lines)
        assert set(update["companies"]) == {str(shown)}
        assert update["companies"][str(shown)]["minutes"] == {"value": "180"}


async def test_looks_once_after_many_changes(run: Any) -> None:
    live = Live()
    async with run(live.run()):
        await live.next()
        looked = asyncio.ensure_future(live.next())
        for _ in range(100):
            live.mark({uuid4()})
        await looked
        again = asyncio.ensure_future(live.next())
        live.mark(set())
        assert not again.done()
        await again


@pytest.mark.usefixtures("owner")
async def test_ends_with_the_session(
    model: Any, anonymous: httpx.AsyncClient, sign_in: Any, monkeypatch: pytest.MonkeyPatch, portal: Portal
) -> None:
    monkeypatch.setattr(events, "SESSION_CHECK", 0)
    company_id = await model.company("Watched Ltd")
    await sign_in(anonymous)
    page = Page((await anonymous.get("/owner/dashboard/")).text)
    token = page.field("csrf_token", form="[action='/owner/logout/']").value
    async with anonymous.stream("GET", f"/owner/events/?ids={company_id}") as answer:
        lines = answer.aiter_lines()
        await told(lines)
        await anonymous.post("/owner/logout/", data={"csrf_token": token})
        portal.live.mark({company_id})
        async with asyncio.timeout(20):
            rest = [line async for line in lines]
    assert "event: signed-out" in rest


async def test_refuses_what_no_page_asks(owner: Any) -> None:
    for ids in ("x", ",".join(str(uuid4()) for _ in range(51))):
        answer = await owner.script.get(f"/owner/events/?ids={ids}")
        assert answer.status_code == 400
