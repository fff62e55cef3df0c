"""A company without access: every call is refused as documented, and two calls end the tracking."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.settings import TlsSettings
from services.tracking.tests.fixtures.gateway import Clock, NewTracker, Seat, Sit
from services.tracking.tests.fixtures.platform import ChangeAccess, NewTenant, ReadRows, Tenant
from tenantry_ops.ports import LOOPBACK, free_port
from testkit.waiting import eventually
from testkit.world import World
from tracker_client import Desktop, Reply, stamp
from tracking.access.client.billing import BillingClient
from tracking.access.client.tenancy import TenancyClient
from tracking.access.rules.company_keys import Peppers
from tracking.access.rules.directory import AccessDirectory, Company
from tracking.access.worker import MIN_INTERVAL, AccessSync
from tracking.gateway.api.context import Gateway
from tracking.gateway.api.desktop import DesktopApi
from tracking.gateway.api.endpoints import ENDPOINTS

SUSPENDED = "Company subscription is suspended"
EXPIRED = "Company subscription expired"
SIGN_IN = "Your sign-in is no longer valid; sign in again"
ENDED = "This work session has ended"
LOGIN, CHECK, STOP, POLL = "/api/login", "/api/login-check", "/api/work-session/stop", "/api/check-session-active"


async def every_call(gateway_client: httpx.AsyncClient, seat: Seat, tenant: Tenant) -> dict[str, Reply]:
    """What every path that the gateway knows answers to a body in which each call finds all that it needs."""
    account, now = seat.account, stamp(datetime.now(UTC))
    ids = {"id": account.id, "employee_id": account.id, "company_id": account.company_id}
    body = ids | {"email": tenant.people[0], "password": tenant.password}
    body |= {"token": account.token, "active_token": account.token, "task_id": 1, "status": "DONE"}
    body |= {"session_id": seat.session, "work_session_id": seat.session, "photo": ""}
    body |= {"session_start": now, "session_end": now, "capture_time": now}
    headers = {"X-Company-Key": seat.key, "Authorization": f"Token {account.token}"}
    replies = {}
    for path, endpoint in ENDPOINTS.items():
        reply = await gateway_client.request(endpoint.method, path, json=body, headers=headers)
        replies[path] = Reply(reply.status_code, reply.json())
    return replies


def check(replies: dict[str, Reply], code: int, message: str, *, spared: tuple[str, ...] = ()) -> None:
    refused = {"status": False, "message": message}
    for path, reply in replies.items():
        if path == STOP:
            assert (reply.code, reply.body) == (200, {"status": True, "message": message})
        elif path == POLL:
            assert (reply.code, reply.body) == (200, refused)
        elif path not in spared:
            assert (path, reply.code, reply.body) == (path, code, refused)


async def test_one_that_may_is_refused_nothing(
    gateway_client: httpx.AsyncClient, new_tenant: NewTenant, sit: Sit
) -> None:
    tenant = await new_tenant()
    replies = await every_call(gateway_client, await sit(tenant), tenant)
    assert {path: reply.code for path, reply in replies.items() if reply.code != 200} == {"/api/tasks/update": 404}


async def test_suspended(
    gateway_client: httpx.AsyncClient,
    new_tenant: NewTenant,
    sit: Sit,
    suspend: ChangeAccess,
    reactivate: ChangeAccess,
    stored: ReadRows,
) -> None:
    tenant = await new_tenant()
    seat = await sit(tenant)
    await suspend(tenant)
    check(await every_call(gateway_client, seat, tenant), 403, SUSPENDED)
    (session,) = await stored("work_session", tenant.company_id)
    assert session["ended_at"] is None, "nothing is stored"
    await reactivate(tenant)
    assert await seat.is_heard()
    assert (await seat.tracker.check_session_active(seat.account, seat.session)).ok


async def test_a_suspension_stops_an_unmodified_tracker(
    new_tenant: NewTenant, tracker: NewTracker, suspend: ChangeAccess
) -> None:
    tenant = await new_tenant()
    desktop = Desktop(tracker(tenant.key), datetime.now(UTC))
    assert await desktop.sign_in(tenant.people[0], tenant.password)
    assert await desktop.start()
    desktop.tick(5)
    await suspend(tenant)
    refused = await desktop.upload()
    assert refused is not None
    assert (refused.code, desktop.tables.snapshot().count()) == (403, 1), "it keeps its rows"
    assert not await desktop.poll_session()
    assert desktop.message == SUSPENDED


async def test_expired(gateway_client: httpx.AsyncClient, new_tenant: NewTenant, sit: Sit, clock: Clock) -> None:
    tenant = await new_tenant()
    seat = await sit(tenant)
    clock.now = datetime.now(UTC) + timedelta(days=31)  # a trial has thirty
    check(await every_call(gateway_client, seat, tenant), 403, EXPIRED)


async def test_a_revoked_device(
    gateway_client: httpx.AsyncClient, new_tenant: NewTenant, tracker: NewTracker, sit: Sit, superuser: AsyncEngine
) -> None:
    tenant = await new_tenant()
    seat = await sit(tenant)
    login = await tracker(tenant.key).login(tenant.people[0], tenant.password)
    seat.account = replace(seat.account, token=login.fields["data"]["active_token"])  # one that is not in memory yet
    async with superuser.begin() as tx:
        await tx.execute(text("UPDATE device SET revoked_at = now() WHERE company_id = :id"), {"id": tenant.company_id})
    replies = await every_call(gateway_client, seat, tenant)
    check(replies, 401, SIGN_IN, spared=(LOGIN, CHECK))
    assert replies[LOGIN].ok
    assert replies[CHECK].body == {"status": False}


async def test_an_inactive_account(
    gateway_client: httpx.AsyncClient, new_tenant: NewTenant, sit: Sit, superuser: AsyncEngine
) -> None:
    tenant = await new_tenant()
    seat = await sit(tenant)
    async with superuser.begin() as tx:
        statement = text("UPDATE employee SET active = false WHERE company_id = :id")
        await tx.execute(statement, {"id": tenant.company_id})

    async def is_known() -> bool:
        reply = await seat.tracker.login_check(seat.account)
        return bool(reply.body == {"status": False})

    await eventually(is_known)  # a token is remembered for some seconds
    replies = await every_call(gateway_client, seat, tenant)
    check(replies, 401, SIGN_IN, spared=(LOGIN, CHECK))
    login = replies[LOGIN]
    assert (login.code, login.body["message"]) == (403, "This account is inactive; ask your company's admin")
    wrong = await seat.tracker.login(tenant.people[0], "guess")
    assert (wrong.code, wrong.body["message"]) == (401, "Invalid email or password")


async def test_a_session_that_is_not_there(seat: Seat, sit: Sit, tenant: Tenant, new_tenant: NewTenant) -> None:
    colleague = await sit(tenant, 1)
    stranger = await sit(await new_tenant())
    for session in (2**62, colleague.session, stranger.session, str(stranger.session)):
        poll = await seat.tracker.check_session_active(seat.account, session)
        assert (poll.code, poll.body) == (200, {"status": False, "message": ENDED})
        stop = await seat.tracker.stop_session(seat.account, session, datetime.now(UTC))
        assert (stop.code, stop.body) == (200, {"status": True, "message": "There is no such session"})
        upload = await replace(seat, session=session).upload()
        assert (upload.code, upload.body["status"]) == (404, False)
    assert await colleague.is_heard()
    assert (await colleague.tracker.check_session_active(colleague.account, colleague.session)).ok


@pytest.fixture
async def cut_off(gateway: Gateway, world: World, tls: TlsSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway without an access directory."""
    directory = AccessDirectory(Peppers(bytes.fromhex(world.platform.secrets.key_pepper)))
    tenancy = TenancyClient(f"{LOOPBACK}:{free_port()}", tls)
    billing = BillingClient(f"{LOOPBACK}:{free_port()}", tls)
    api = DesktopApi(gateway, directory, AccessSync(directory, tenancy, billing))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://gateway") as client:
        yield client
    await asyncio.gather(tenancy.close(), billing.close())


async def test_unconfirmed(cut_off: httpx.AsyncClient, seat: Seat, tenant: Tenant) -> None:
    for name, reply in (await every_call(cut_off, seat, tenant)).items():
        assert (name, reply.code, reply.body["status"]) == (name, 503, False)
    answer = await cut_off.post("/api/login", json={}, headers={"X-Company-Key": tenant.key})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert (await cut_off.post("/api/login", json={})).status_code == 401
    assert (await cut_off.post("/api/login", json={}, headers={"X-Company-Key": "no key"})).status_code == 401
    assert (await cut_off.get("/")).status_code == 200
    assert await seat.is_heard(), "nothing was lost"


class Silent(AccessSync):
    """Tenancy and billing take every question and answer none."""

    async def refresh(self) -> None:
        await asyncio.Event().wait()


async def test_a_silent_tenancy_does_not_freeze_the_trackers_window(
    gateway: Gateway, world: World, tls: TlsSettings
) -> None:
    directory = AccessDirectory(Peppers(bytes.fromhex(world.platform.secrets.key_pepper)))
    tenancy, billing = TenancyClient(world.platform.tenancy, tls), BillingClient(world.platform.billing, tls)
    api = DesktopApi(gateway, directory, Silent(directory, tenancy, billing))
    async with (
        asyncio.timeout(20),
        httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://gateway") as client,
    ):
        headers = {"X-Company-Key": "company_" + "0" * 32}
        assert (await client.post("/api/check-session-active", json={}, headers=headers)).status_code == 503
    await asyncio.gather(tenancy.close(), billing.close())


class Counting(TenancyClient):
    """Counts the questions."""

    asked = 0

    async def access_changes(self, after_revision: int) -> tuple[list[Company], int]:
        self.asked += 1
        return await super().access_changes(after_revision)


async def test_keys_that_nobody_knows_do_not_keep_tenancy_busy(
    sync: AccessSync, world: World, tls: TlsSettings
) -> None:
    await sync.refresh()  # tenancy answers
    directory = AccessDirectory(Peppers(bytes.fromhex(world.platform.secrets.key_pepper)))
    tenancy, billing = Counting(world.platform.tenancy, tls), BillingClient(world.platform.billing, tls)
    asking = AccessSync(directory, tenancy, billing)
    await asking.refresh()
    tenancy.asked, begun = 0, time.monotonic()
    for _ in range(20):
        await asking.refresh()
    assert tenancy.asked <= (time.monotonic() - begun) / MIN_INTERVAL + 1
    await asyncio.gather(tenancy.close(), billing.close())
