"""The gateway in this process, behind an ASGI transport, and desktops that talk to it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.lifecycle import forever
from tracker_client import Account, Desktop, Reply, TrackerClient, stamp
from tracking.access.client.tenancy import TenancyClient
from tracking.access.rules.company_keys import Peppers
from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import AccessSync
from tracking.checking.use_cases.reconcile import reconcile
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.devices.use_cases.key_use import KeyUses
from tracking.gateway.api import desktop as app
from tracking.gateway.api.desktop import DesktopApi
from tracking.gateway.api.desktop_context import Gateway
from tracking.ingest.api.large_uploads import LargeUploadReader
from tracking.ingest.fastpath.store.writer import IngestWriter
from tracking.ingest.use_cases.group_commit import GroupCommit
from tracking.ingest.use_cases.take_upload import UploadTaker
from tracking.protocols.large_bodies import Room
from tracking.publishing.messages import company_month_event
from tracking.screenshots.imaging.decoder import Decoder
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.use_cases.take_screenshot import ScreenshotTaker
from tracking.sessions.use_cases.signs_of_life import SignsOfLife
from tracking.totals.use_cases import fold_company

UPLOAD = "upload/employee-activity"


class Clock:
    """The gateway's time, moved by the test; it starts on a Monday some days ago, when everyone is at work."""

    def __init__(self) -> None:
        today = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0)
        self.now = today - timedelta(days=today.weekday() + 7)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Seat:
    """Somebody at a desktop, signed in and at work."""

    company_id: UUID
    key: str
    tracker: TrackerClient
    account: Account
    session: int | str

    def body(self, **lists: Any) -> dict[str, Any]:
        ids = {"employee_id": self.account.id, "company_id": self.account.company_id}
        return {**ids, "active_token": self.account.token, "work_session_id": self.session, **lists}

    async def upload(self, **lists: Any) -> Reply:
        return await self.tracker.post(UPLOAD, self.body(**lists))

    async def is_heard(self) -> bool:
        """Whether an honest upload is taken now."""
        row = {"app_name": "Editor", "window_title": "notes", "active_seconds": 5, "created_at": stamp(app.utc_now())}
        tick = {"minute_type": "ACTIVE", "duration_seconds": 5, "created_at": stamp(app.utc_now())}
        reply = await self.upload(applications=[row], websites=[], activities=[tick])
        return reply.ok and reply.fields["message"] == "2 rows stored"


@pytest.fixture(scope="session")
async def commit(environment: dict[str, str]) -> AsyncIterator[GroupCommit]:
    commit = GroupCommit(IngestWriter(environment["TRACKING_INGEST_DATABASE_URL"]))
    running = asyncio.create_task(commit.run())
    yield commit
    running.cancel()
    await asyncio.wait([running])


@pytest.fixture(scope="session")
async def decoder() -> AsyncIterator[Decoder]:
    decoder = Decoder()
    yield decoder
    await decoder.close()


@pytest.fixture(scope="session")
async def large_uploads() -> AsyncIterator[LargeUploadReader]:
    reader = LargeUploadReader()
    yield reader
    await reader.close()


@pytest.fixture(scope="session")
async def authenticator(engine: AsyncEngine) -> AsyncIterator[Authenticator]:
    authenticator = Authenticator(engine)
    following = asyncio.create_task(forever("follow devices", authenticator.follow_changes, idle=0))
    yield authenticator
    following.cancel()


@pytest.fixture(scope="session")
def gateway(
    engine: AsyncEngine,
    heartbeat: AsyncEngine,
    authenticator: Authenticator,
    commit: GroupCommit,
    pictures: PictureStore,
    decoder: Decoder,
    large_uploads: LargeUploadReader,
    tenancy_client: TenancyClient,
    environment,
    directory: AccessDirectory,
) -> Gateway:
    life = SignsOfLife(heartbeat, tenancy_client.report_sync)
    newest_id = Peppers(bytes.fromhex(environment["TRACKING_KEY_PEPPER"])).newest_id
    key_uses = KeyUses(heartbeat, partial(tenancy_client.report_key_use, pepper_id=newest_id))
    screenshots = ScreenshotTaker(engine, pictures, decoder, directory.storage_of)
    uploads = UploadTaker(engine, commit, authenticator.forget)
    return Gateway(engine, authenticator, uploads, screenshots, life, key_uses, large_uploads, Room())


@pytest.fixture(scope="session")
def api(gateway: Gateway, directory: AccessDirectory, sync: AccessSync) -> DesktopApi:
    return DesktopApi(gateway, directory, sync)


@pytest.fixture(scope="session")
async def door(api: DesktopApi) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://gateway") as client:
        yield client


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The gateway lives in this clock's time for one test."""
    clock = Clock()
    monkeypatch.setattr(app, "utc_now", clock)
    return clock


@pytest.fixture
async def desktop(tenant, tracker, clock) -> Desktop:
    """A desktop at which somebody of the test's `tenant` starts to work."""
    desktop = Desktop(tracker(tenant.key), clock.now)
    assert await desktop.sign_in(tenant.people[0], tenant.password)
    assert await desktop.start()
    return desktop


@pytest.fixture(scope="session")
def tracker(door: httpx.AsyncClient) -> Callable[[str | None], TrackerClient]:
    """`tracker(key)` speaks for a company."""
    return lambda key: TrackerClient("http://gateway/api", key, http=door)


@pytest.fixture(scope="session")
def sit(tracker: Callable[[str | None], TrackerClient]) -> Callable[..., Awaitable[Seat]]:
    """`await sit(tenant)` is its first employee at work."""

    async def sit(tenant: Any, person: int = 0) -> Seat:
        client = tracker(tenant.key)
        data = (await client.login(tenant.people[person], tenant.password)).fields["data"]
        account = Account(data["id"], data["company_id"], data["active_token"])
        session = (await client.create_session(account, app.utc_now())).fields["data"]["id"]
        return Seat(tenant.company_id, tenant.key, client, account, session)

    return sit


@pytest.fixture(scope="module")
async def tenant(new_tenant: Callable[..., Awaitable[Any]]) -> Any:
    """A company of this module."""
    return await new_tenant(people=2)


@pytest.fixture(scope="module")
async def seat(tenant: Any, sit: Callable[..., Awaitable[Seat]]) -> Seat:
    return await sit(tenant)


@pytest.fixture(scope="session")
def fold(engine: AsyncEngine) -> Callable[[Any], Awaitable[None]]:
    """`await fold(tenant)`: as the aggregator does, until nothing waits."""

    async def fold(tenant: Any) -> None:
        while await fold_company(engine, tenant.company_id, company_month_event):
            pass

    return fold


@pytest.fixture(scope="session")
def counted(engine: AsyncEngine, stored: Callable[..., Awaitable[list[Any]]]) -> Callable[[Any], Awaitable[Any]]:
    """`await counted(tenant)`: each employee's ACTIVE and INACTIVE seconds and sessions, after a reconciliation."""

    async def counted(tenant: Any) -> dict[int, Counter[str]]:
        found = await reconcile(engine, tenant.company_id, company_month_event)
        assert found.differences == []
        number = {row["employee_id"]: row["number"] for row in await stored("employee", tenant.company_id)}
        totals: dict[int, Counter[str]] = defaultdict(Counter)
        for row in await stored("employee_day", tenant.company_id):
            worked = {"ACTIVE": row["active_seconds"], "INACTIVE": row["idle_seconds"], "sessions": row["sessions"]}
            totals[number[row["employee_id"]]].update(worked)
        return totals

    return counted


class Lossy(httpx.AsyncBaseTransport):
    """Loses some uploads on their way, and the answers of others."""

    def __init__(self, inner: httpx.AsyncBaseTransport, random: Random, chance: float) -> None:
        self._inner = inner
        self._random = random
        self._chance = chance

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        fate = self._random.random() if request.url.path.endswith(UPLOAD) else 1.0
        if fate < self._chance / 4:
            raise httpx.ConnectError("lost on its way")
        response = await self._inner.handle_async_request(request)
        if fate < self._chance:
            raise httpx.ReadError("the answer is lost")
        return response


@pytest.fixture
async def lossy(api: DesktopApi) -> AsyncIterator[Callable[..., TrackerClient]]:
    """`lossy(tenant, random, chance=0.2)`: a tracker whose uploads go wrong that often."""
    async with AsyncExitStack() as stack:

        def connect(tenant: Any, random: Random, *, chance: float) -> TrackerClient:
            client = httpx.AsyncClient(transport=Lossy(httpx.ASGITransport(api), random, chance))
            stack.push_async_callback(client.aclose)
            return TrackerClient("http://gateway/api", tenant.key, http=client)

        yield connect
