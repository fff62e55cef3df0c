"""The native API in this process, and agents that talk to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tracker_client import NativeAgent
from tracking.access.api import Admission
from tracking.access.rules.directory import AccessDirectory
from tracking.access.use_cases import ConfigWatch
from tracking.access.worker import AccessSync
from tracking.devices.api import native as routes
from tracking.gateway.api import native as app
from tracking.gateway.api.desktop_context import Gateway
from tracking.gateway.api.native import NativeApi
from tracking.gateway.api.native_context import Native
from tracking.ingest.use_cases.group_commit import GroupCommit
from tracking.ingest.use_cases.sync_records import RecordTaker


@pytest.fixture(scope="session")
def watch(sync: AccessSync) -> ConfigWatch:
    watch = ConfigWatch()
    sync.listen(watch.changed)
    return watch


@pytest.fixture(scope="session")
def native_api(
    gateway: Gateway,
    engine: AsyncEngine,
    commit: GroupCommit,
    directory: AccessDirectory,
    sync: AccessSync,
    watch: ConfigWatch,
) -> NativeApi:
    return NativeApi(Native(gateway, Admission(directory, sync), RecordTaker(engine, commit), watch))


@pytest.fixture(scope="session")
async def native_door(native_api: NativeApi) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(native_api)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.fixture
def native_clock(clock: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The native API lives in this clock's time, too."""
    for module in (app, routes):
        monkeypatch.setattr(module, "utc_now", clock)
    return clock


@pytest.fixture(scope="session")
def enrol(native_door: httpx.AsyncClient) -> Callable[..., Awaitable[NativeAgent]]:
    """`await enrol(tenant)` is its first employee's agent."""

    async def enrol(tenant: Any, person: int = 0, name: str = "Laptop") -> NativeAgent:
        agent = NativeAgent("http://gateway/v1", tenant.key, native_door)
        answer = await agent.enrol(tenant.people[person], tenant.password, name)
        assert answer.status_code == 201
        return agent

    return enrol


@pytest.fixture(scope="module")
async def agent(tenant: Any, enrol: Callable[..., Awaitable[NativeAgent]]) -> NativeAgent:
    return await enrol(tenant)


@pytest.fixture
async def own(new_tenant: Any) -> Any:
    """A company of the test's own."""
    return await new_tenant(people=2)


def now() -> datetime:
    return datetime.now(UTC)
