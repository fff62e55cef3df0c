"""Log-in of trackers: in the key's company alone, with everything a tracker needs."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from credentials.tokens import token_digest
from servicekit.ids import new_id
from servicekit.rpc_client import call
from services.tracking.tests.fixtures.gateway import Clock, Fold, NewTracker, Seat, Sit, uploaded
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from tracker_client import Desktop
from tracker_client.desktop import LOGIN_FIELDS
from tracking.access.client.tenancy import TenancyClient
from tracking.access.rules.policy import TrackingPolicy
from tracking.gateway.api.context import Gateway
from tracking.maintenance import UnlimitedSeats
from tracking.people.use_cases import add_employee
from tracking.protocols.desktop import clock_text

WRONG = (401, {"status": False, "message": "Invalid email or password"})


async def test_it_answers_all_that_the_tracker_stores(tenant: Tenant, tracker: NewTracker, stored: ReadRows) -> None:
    reply = await tracker(tenant.key).login(tenant.people[0], tenant.password)
    data = reply.fields["data"]
    (company,) = await stored("company", tenant.company_id)
    assert data.keys() == LOGIN_FIELDS
    assert (type(data["id"]), data["company_id"]) == (int, company["number"])
    assert data["id"] > 0
    assert (data["name"], data["email"]) == ("Bo", tenant.people[0])
    assert data["toddays_worked_time"] == data["toddays_active_time"] == data["toddays_inactive_time"] == "00:00:00"


async def test_it_answers_what_was_worked_today(
    new_tenant: NewTenant, tracker: NewTracker, clock: Clock, fold: Fold
) -> None:
    tenant = await new_tenant(people=2, time_zone="Asia/Kolkata")  # midnight there is at 18:30 UTC
    client = tracker(tenant.key)
    clock.now = clock.now.replace(hour=18)
    desktop = Desktop(client, clock.now)
    assert await desktop.sign_in(tenant.people[0], tenant.password)
    assert await desktop.start()
    for hour, active, idle in ((18, 600, 300), (19, 3723, 304)):
        desktop.now = desktop.now.replace(hour=hour, minute=0, second=0)
        desktop.tick(active)
        desktop.tick(idle, "INACTIVE")
        clock.now = desktop.now
        assert await uploaded(desktop)
    await fold(tenant)
    told = [(await client.login(email, tenant.password)).fields["data"] for email in tenant.people]
    assert [[data[f"toddays_{kind}_time"] for kind in ("worked", "active", "inactive")] for data in told] == [
        ["01:07:07", "01:02:03", "00:05:04"],
        ["00:00:00"] * 3,
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00:00"),
        (59, "00:00:59"),
        (60, "00:01:00"),
        (3723, "01:02:03"),
        (86_399, "23:59:59"),
        (90_000, "25:00:00"),
    ],
)
def test_how_times_are_written(seconds: int, text: str) -> None:
    assert clock_text(seconds) == text


async def test_the_token_is_kept_as_a_digest(tenant: Tenant, tracker: NewTracker, stored: ReadRows) -> None:
    token = (await tracker(tenant.key).login(tenant.people[0], tenant.password)).fields["data"]["active_token"]
    devices = await stored("device", tenant.company_id)
    assert token_digest(token) in [bytes(device["token_digest"]) for device in devices]
    assert token not in repr(devices)


async def test_each_log_in_has_a_token_of_its_own(tenant: Tenant, sit: Sit) -> None:
    laptop, tower = await sit(tenant), await sit(tenant)
    assert laptop.account.token != tower.account.token
    assert await laptop.is_heard()
    assert await tower.is_heard()


@pytest.mark.parametrize("change", [str.upper, lambda email: f"  {email} "])
async def test_letter_case_and_blanks_of_an_email_do_not_matter(
    tenant: Tenant, tracker: NewTracker, change: Callable[[str], str]
) -> None:
    assert (await tracker(tenant.key).login(change(tenant.people[0]), tenant.password)).ok


async def test_another_companys_key_lets_nobody_in(tenant: Tenant, new_tenant: NewTenant, tracker: NewTracker) -> None:
    other = await new_tenant()
    reply = await tracker(other.key).login(tenant.people[0], tenant.password)
    assert (reply.code, reply.body) == WRONG


async def test_one_email_in_two_companies_is_two_accounts(
    engine: AsyncEngine, tenant: Tenant, new_tenant: NewTenant, tracker: NewTracker
) -> None:
    other = await new_tenant(people=0)
    email, password = tenant.people[0], "another password"
    await add_employee(engine, other.company_id, seats=UnlimitedSeats(), name="Bo", email=email, password=password)
    assert (await tracker(other.key).login(email, tenant.password)).body == WRONG[1]
    assert (await tracker(tenant.key).login(email, password)).body == WRONG[1]
    here, there = (
        await tracker(tenant.key).login(email, tenant.password),
        await tracker(other.key).login(email, password),
    )
    assert here.fields["data"]["company_id"] != there.fields["data"]["company_id"]


@pytest.mark.parametrize(
    "password", ["guess", " open sesame tonight", "Open Sesame Tonight", "open sesame tonight\0", "\ud83d", "x" * 512]
)
async def test_a_wrong_password(tenant: Tenant, tracker: NewTracker, password: str) -> None:
    for email in (tenant.people[0], "nobody@acme.example", "\ud83d\x00"):
        reply = await tracker(tenant.key).login(email, password)
        assert (reply.code, reply.body) == WRONG


async def test_a_check_needs_the_id_and_the_token_of_one_person(tenant: Tenant, sit: Sit) -> None:
    here, colleague = await sit(tenant), await sit(tenant, 1)
    for employee, status in ((here.account.id, True), (str(here.account.id), True), (colleague.account.id, False)):
        reply = await here.tracker.post("login-check", {"id": employee, "token": here.account.token})
        assert (reply.code, reply.body) == (200, {"status": status})


async def test_the_configuration_holds_what_trackers_act_on(seat: Seat) -> None:
    config = (await seat.tracker.employee_config(seat.account)).fields["config"]
    assert config["config_version"] >= 2
    assert config["idle_threshold_seconds"] == 300
    assert config["config_sync_interval_seconds"] == 10
    assert config["screenshot_interval_seconds"] >= 30
    assert all(type(config[name]) is bool for name in config if name.startswith("enable") or name.endswith("enabled"))


async def test_its_version_only_grows_on_a_desktop_that_many_use(
    tenant: Tenant, new_tenant: NewTenant, tracker: NewTracker, clock: Clock
) -> None:
    clock.now = datetime.now(UTC).replace(microsecond=0)  # a log-in comes after the policies that tenancy has dated
    desktop = Desktop(tracker(tenant.key), clock())
    versions = []
    for someone in (tenant, await new_tenant(), tenant):
        for email in someone.people[:1]:
            clock.now += timedelta(minutes=1)
            desktop.client = tracker(someone.key)
            assert await desktop.sign_in(email, someone.password)
            await desktop.poll_config()
            versions.append(desktop.config.config_version)
            clock.now += timedelta(days=1)
            await desktop.poll_config()
            assert desktop.config.config_version == versions[-1]
    assert versions == sorted(set(versions))


def test_a_change_in_the_second_of_a_log_in_counts() -> None:
    signed_in = datetime(2026, 1, 5, 9, 0, 0, 900_000, UTC)
    second = int(signed_in.timestamp())
    versions = [
        TrackingPolicy(version=second - 9).version_for(signed_in),
        TrackingPolicy(version=second).version_for(signed_in),
        TrackingPolicy(version=second).version_for(signed_in + timedelta(seconds=1)),
    ]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("authorization", ["", "Token", "Token ", "Bearer {}", "token {}", "Token {} x", "{}"])
async def test_the_configuration_needs_the_token_in_its_header(
    tenant: Tenant, seat: Seat, gateway_client: httpx.AsyncClient, authorization: str
) -> None:
    headers = {"X-Company-Key": tenant.key, "Authorization": authorization.format(seat.account.token)}
    reply = await gateway_client.get("/api/employee-config/", headers=headers)
    assert (reply.status_code, reply.json()["status"]) == (401, False)


async def test_many_at_once(tenant: Tenant, tracker: NewTracker) -> None:
    client = tracker(tenant.key)
    replies = await asyncio.gather(*(client.login(tenant.people[n % 2], tenant.password) for n in range(8)))
    assert len({reply.fields["data"]["active_token"] for reply in replies}) == 8


async def test_a_sign_of_life_reaches_tenancy(
    tenant: Tenant, seat: Seat, gateway: Gateway, tenancy: TenancyServiceStub
) -> None:
    before = datetime.now(UTC)
    await seat.tracker.check_session_active(seat.account, seat.session)
    await gateway.heartbeats.report_companies()

    answer = await call(tenancy.ListSyncTimes, pb.ListSyncTimesRequest())
    heard = {time.company_id: time.last_sync_at.ToDatetime(UTC) for time in answer.times}
    assert heard[str(tenant.company_id)] >= before


async def test_more_companies_than_tenancy_takes_at_once_are_told_in_parts(
    tenant: Tenant, tenancy_client: TenancyClient, tenancy: TenancyServiceStub
) -> None:
    now = datetime.now(UTC)
    strangers = {new_id(): now for _ in range(10_000)}  # tenancy passes over companies it does not know
    await tenancy_client.report_sync(strangers | {tenant.company_id: now})
    answer = await call(tenancy.ListSyncTimes, pb.ListSyncTimesRequest())
    heard = {time.company_id: time.last_sync_at.ToDatetime(UTC) for time in answer.times}
    assert heard[str(tenant.company_id)] == now
