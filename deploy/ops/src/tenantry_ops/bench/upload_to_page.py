"""The delay of a worked minute from the tracker's upload to the owner's open page."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from tenantry_ops.bench.crowd import Crowd, Member
from tenantry_ops.bench.floor import Floor, open_floor
from tenantry_ops.bench.owner import Owner, signed_in
from tenantry_ops.bench.results import BenchmarkFailed, Result, percentile
from tenantry_ops.bench.rig import Rig
from tracker_client import Account, TrackerClient, Upload, open_http
from tracker_client.rows import ActivityRow, ApplicationRow, WebsiteRow

DESKTOPS = 20
UPLOADS = 10  # per desktop
GOAL_SECONDS = 2.0
GIVE_UP_SECONDS = 30.0
PAUSE_SECONDS = (0.0, 1.0)  # random, so that uploads do not synchronise with the page's update interval


class Page:
    """An open dashboard with the active minutes of each company."""

    def __init__(self) -> None:
        self.minutes: dict[str, int] = {}
        self._news = asyncio.Condition()

    async def follow(self, owner: Owner, company_ids: list[str]) -> None:
        """Applies updates until cancelled."""
        async for event in owner.events(company_ids):
            for company_id, cells in event["companies"].items():
                self.minutes[company_id] = int(cells["minutes"]["value"]) // 60
            async with self._news:
                self._news.notify_all()

    async def shows(self, company_id: str, minutes: int) -> None:
        """Waits until the page displays at least these minutes. Raises TimeoutError."""
        async with asyncio.timeout(GIVE_UP_SECONDS), self._news:
            await self._news.wait_for(lambda: self.minutes.get(company_id, -1) >= minutes)


async def upload_to_page(rig: Rig, crowd: Crowd) -> list[Result]:
    """Raises BenchmarkFailed if an upload is refused or lost, or the page does not display the work."""
    members = crowd.members[:DESKTOPS]  # each of another company
    times: list[float] = []
    floors: list[float] = []
    async with _open_page(rig, [member.company_id for member in members]) as page, open_floor(rig) as floor:
        async with open_http(keep_alive=True) as http, asyncio.TaskGroup() as desktops:
            for member in members:
                client = TrackerClient(f"http://{rig.platform.gateway}/api", crowd.keys[member.company_id], http=http)
                desktops.create_task(_work(client, member, page, times))
            desktops.create_task(_measure_floor(floor, floors, times))
        wrong = {page.minutes[member.company_id] for member in members} - {UPLOADS}
    if wrong or len(times) != DESKTOPS * UPLOADS:
        raise BenchmarkFailed(f"{UPLOADS} minutes were worked in each company, and the page shows {wrong}")
    shares = (("p50", 0.5, None), ("p95", 0.95, GOAL_SECONDS), ("max", 1.0, None))
    return [
        Result.against(f"upload_to_page_{name}", percentile(times, share), "s", percentile(floors, share), goal)
        for name, share, goal in shares
    ]


@asynccontextmanager
async def _open_page(rig: Rig, company_ids: list[str]) -> AsyncIterator[Page]:
    page = Page()
    async with signed_in(rig.platform) as owner:
        following = asyncio.create_task(page.follow(owner, company_ids))
        for company_id in company_ids:
            await page.shows(company_id, 0)
        yield page
        following.cancel()


async def _work(client: TrackerClient, member: Member, page: Page, times: list[float]) -> None:
    account = Account(member.employee_number, member.company_number, member.token)
    for number in range(1, UPLOADS + 1):
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
        now = datetime.fromtimestamp(member.since, UTC) + timedelta(minutes=number)
        rows = Upload(
            (ApplicationRow("Code Editor", "pipeline.py", 40, now), ApplicationRow("Mail", "Inbox", 10, now)),
            (WebsiteRow("docs.example", "https://docs.example/", 10, now),),
            (ActivityRow(1, "ACTIVE", 60, now),),
        )
        began = time.perf_counter()
        reply = await client.upload_activity(account, member.session_number, rows)
        if not reply.ok:
            raise BenchmarkFailed(f"an upload was refused: {reply}")
        await page.shows(member.company_id, number)
        times.append(time.perf_counter() - began)


async def _measure_floor(floor: Floor, floors: list[float], times: list[float]) -> None:
    """Runs one round of the floor after each upload that has arrived, between the uploads."""
    while len(floors) < DESKTOPS * UPLOADS:
        if len(floors) <= len(times):
            floors.append(await floor.trip())
        await asyncio.sleep(random.uniform(0.0, 0.1))
