"""Open pages are told what changed: after the commit, coalesced, and no longer than the session lives."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from owner_portal.api import events
from owner_portal.api.portal import Portal

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
        assert first["totals"]["minutes-today"] == "0"
        for number in range(1, 21):
            await model.day(shown, TODAY, minutes=number, revision=number)
            portal.live.mark({shown, other})
        update = await told(lines)
        while update["companies"].get(str(shown), {}).get("minutes") != "20":
            update = await told(lines)
        assert set(update["companies"]) == {str(shown)}
        assert update["totals"]["minutes-today"] == "20"
        assert update["companies"][str(shown)]["badge"] == {"data-status": "PENDING"}
        assert "Billing has not answered yet" in " ".join(update["notices"])


async def test_a_slow_page_is_told_all_it_missed_at_once(portal: Portal) -> None:
    ids = [uuid4() for _ in range(3)]
    with portal.live.watch(frozenset(ids)) as watcher:
        assert await watcher.next() == frozenset(ids)
        for company_id in (*ids[:2], uuid4()):
            watcher.wake({company_id})
        assert await watcher.next() == frozenset(ids[:2])


@pytest.mark.usefixtures("owner")
async def test_ends_with_the_session(
    model: Any, anonymous: httpx.AsyncClient, sign_in: Any, monkeypatch: pytest.MonkeyPatch, portal: Portal
) -> None:
    monkeypatch.setattr(events, "SESSION_CHECK", 0)
    company_id = await model.company("Watched Ltd")
    await sign_in(anonymous)
    token = (await anonymous.get("/owner/dashboard/")).text.split('name="csrf_token" value="')[1].split('"')[0]
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
