"""Configuration by long polling: a change ends the wait at once, and a wait holds no connection."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from services.tracking.tests.fixtures.native import Enrol
from services.tracking.tests.fixtures.platform import ChangeAccess, NewTenant, SetPolicy, Tenant
from testkit.waiting import eventually
from tracker_client import NativeAgent
from tracking.access import use_cases as config_watch
from tracking.access.use_cases import ConfigWatch


async def test_the_version_decides(agent: NativeAgent) -> None:
    first = await agent.config()
    version = first.json()["version"]
    assert (first.status_code, first.headers["etag"]) == (200, f'"{version}"')
    assert first.json()["screenshots_enabled"] is True
    assert (await agent.config(version - 1)).status_code == 200
    again = await agent.config(version)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", f'"{version}"')
    assert (await agent.config(version, wait=0.05)).status_code == 304


@pytest.fixture
def waiting(watch: ConfigWatch) -> Callable[[int], Awaitable[None]]:
    """`await waiting(n)` until so many agents wait."""

    async def waiting(count: int) -> None:
        async def reached() -> bool:
            return watch._count == count

        await eventually(reached)

    return waiting


async def test_a_change_ends_the_wait(
    own: Tenant, new_tenant: NewTenant, enrol: Enrol, set_policy: SetPolicy, waiting: Callable[[int], Awaitable[None]]
) -> None:
    agent, other = await enrol(own), await enrol(await new_tenant())
    version = (await agent.config()).json()["version"]
    unmoved = asyncio.create_task(other.config((await other.config()).json()["version"], wait=3))
    call = asyncio.create_task(agent.config(version, wait=30))
    await waiting(2)
    await set_policy(own, screenshots_enabled=False)
    answer = await asyncio.wait_for(call, 10)
    assert (answer.status_code, answer.json()["screenshots_enabled"]) == (200, False)
    assert answer.json()["version"] > version
    assert (await unmoved).status_code == 304
    await waiting(0)


async def test_a_change_of_something_else_does_not_end_it(
    own: Tenant, enrol: Enrol, watch: ConfigWatch, waiting: Callable[[int], Awaitable[None]], set_policy: SetPolicy
) -> None:
    agent = await enrol(own)
    version = (await agent.config()).json()["version"]
    call = asyncio.create_task(agent.config(version, wait=30))
    for _ in range(3):
        await waiting(1)
        watch.changed([own.company_id])
    await waiting(1)
    assert not call.done()
    await set_policy(own, app_tracking_enabled=False)
    assert (await asyncio.wait_for(call, 10)).json()["app_tracking_enabled"] is False


async def test_a_suspension_ends_the_wait(
    own: Tenant, enrol: Enrol, suspend: ChangeAccess, waiting: Callable[[int], Awaitable[None]]
) -> None:
    agent = await enrol(own)
    version = (await agent.config()).json()["version"]
    call = asyncio.create_task(agent.config(version, wait=30))
    await waiting(1)
    await suspend(own)
    answer = await asyncio.wait_for(call, 10)
    assert (answer.status_code, answer.json()["kind"]) == (403, "company_suspended")


async def test_many_wait_without_a_connection_to_the_database(
    own: Tenant, enrol: Enrol, engine: AsyncEngine, waiting: Callable[[int], Awaitable[None]], set_policy: SetPolicy
) -> None:
    agent = await enrol(own)
    version = (await agent.config()).json()["version"]
    others = [await enrol(own, 1, f"Device {number}") for number in range(5)]
    calls = [asyncio.create_task(device.config(version + 10**6, wait=10)) for device in [agent, *others]]
    await waiting(6)
    pool = engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() <= 1, "one hears of devices that change"
    newer = asyncio.create_task(agent.config(version, wait=30))
    assert (await asyncio.wait_for(calls[0], 10)).status_code == 304, "a device waits once"
    await set_policy(own, screenshots_enabled=False)
    assert (await newer).status_code == 200
    assert [answer.status_code for answer in await asyncio.gather(*calls[1:])] == [304] * 5


async def test_the_number_of_waiters_is_bounded(agent: NativeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_watch, "MAX_WAITERS", 0)
    version = (await agent.config()).json()["version"]
    answer = await agent.config(version, wait=5)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


async def test_a_caller_that_goes_away_leaves_nothing(
    own: Tenant, enrol: Enrol, watch: ConfigWatch, waiting: Callable[[int], Awaitable[None]]
) -> None:
    agent = await enrol(own)
    call = asyncio.create_task(agent.config(2**52, wait=30))
    await waiting(1)
    call.cancel()
    await waiting(0)
    assert not watch._waiting


async def test_a_new_devices_version_is_the_newest(own: Tenant, enrol: Enrol) -> None:
    before = int(time.time())
    agent = await enrol(own)
    version = (await agent.config()).json()["version"]
    assert version >= before
    assert (await agent.sync(datetime.now(UTC))).status_code == 200
