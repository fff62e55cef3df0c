"""Calls over real mutual TLS: responses and refusals."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from contracts.tenancy.v1 import keys_pb2, policy_pb2
from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from servicekit.errors import Conflict, InvalidInput, NotFound, Refused
from servicekit.ids import new_id
from servicekit.rpc_client import call
from services.tenancy.tests.conftest import Stub
from tenancy.keys.rules.peppers import Pepper

PEPPER = Pepper(bytes(range(32)))
ACTION = pb.Action(actor="owner@tenantry.example", reason="unpaid")
NOBODY = str(new_id())
READS: dict[str, Callable[..., Message]] = {
    "GetLogo": pb.GetLogoRequest,
    "GetTrackingPolicy": policy_pb2.GetTrackingPolicyRequest,
    "ListKeys": keys_pb2.ListKeysRequest,
}
POLICY = policy_pb2.TrackingPolicy(screenshot_interval_seconds=60, idle_threshold_seconds=60)
CHANGES: dict[str, Callable[..., Message]] = {
    "UpdateCompany": partial(pb.UpdateCompanyRequest, name="Another name"),
    "SuspendCompany": pb.SuspendCompanyRequest,
    "ReactivateCompany": pb.ReactivateCompanyRequest,
    "CloseCompany": pb.CloseCompanyRequest,
    "SetLogo": pb.SetLogoRequest,
    "SetTrackingPolicy": partial(pb.SetTrackingPolicyRequest, policy=POLICY),
    "RotateKey": pb.RotateKeyRequest,
    "RevokeKey": partial(pb.RevokeKeyRequest, key_id=NOBODY),
}


def creation(name: str, /, **changes: Any) -> pb.CreateCompanyRequest:
    fields: dict[str, Any] = {
        "action": ACTION,
        "name": name,
        "email": "it@acme.example",
        "contact_person": "Ada",
        "phone": "+49 30 1234567",
        "address": "1 Main St\nBerlin",
        "time_zone": "Europe/Berlin",
        "plan_code": "PRO",
    }
    return pb.CreateCompanyRequest(**(fields | changes))


def by_id(method: str, company_id: str) -> Message:
    return READS[method](company_id=company_id) if method in READS else change(method, company_id, ACTION)


def change(method: str, company_id: str, action: pb.Action) -> Message:
    return CHANGES[method](company_id=company_id, action=action)


async def current(portal: TenancyServiceStub, company: pb.Company) -> pb.Company:
    """The company in the change list."""
    request = pb.ListCompanyChangesRequest(after_revision=company.revision - 1)
    changes = await call(portal.ListCompanyChanges, request)
    found: pb.Company = next(each for each in changes.companies if each.id == company.id)
    return found


async def test_a_company_goes_through_its_life(portal: TenancyServiceStub, stub: Stub) -> None:
    created = await call(portal.CreateCompany, creation("Life"))
    company = created.company
    assert (company.name, company.email, company.contact_person) == ("Life", "it@acme.example", "Ada")
    assert (company.phone, company.address) == ("+49 30 1234567", "1 Main St\nBerlin")
    assert (company.time_zone, company.state) == ("Europe/Berlin", pb.COMPANY_STATE_ACTIVE)
    assert company.key_hint == created.key[-4:]
    assert abs(company.created_at.ToDatetime(tzinfo=UTC) - datetime.now(UTC)) < timedelta(minutes=1)
    assert not company.HasField("last_sync_at")
    assert await current(portal, company) == company

    suspended = (await call(portal.SuspendCompany, by_id("SuspendCompany", company.id))).company
    assert suspended.state == pb.COMPANY_STATE_SUSPENDED
    with pytest.raises(Refused, match="cannot suspend this company: it is suspended"):
        await call(portal.SuspendCompany, by_id("SuspendCompany", company.id))
    active = (await call(portal.ReactivateCompany, by_id("ReactivateCompany", company.id))).company
    assert active.state == pb.COMPANY_STATE_ACTIVE
    with pytest.raises(Refused, match="cannot reactivate this company: it is active"):
        await call(portal.ReactivateCompany, by_id("ReactivateCompany", company.id))
    rotated = await call(portal.RotateKey, by_id("RotateKey", company.id))
    assert rotated.key != created.key

    known = await call(
        stub("tracking").ListAccessChanges, pb.ListAccessChangesRequest(after_revision=rotated.company.revision - 1)
    )
    (record,) = known.records
    assert (record.company_id, record.time_zone, record.state) == (company.id, "Europe/Berlin", pb.COMPANY_STATE_ACTIVE)
    assert list(record.key_digests) == [PEPPER.digest(rotated.key)]
    assert known.revision == record.revision == rotated.company.revision


@pytest.mark.parametrize(
    ("field", "value", "advice"),
    [
        ("name", "", "give 1 to 200 characters"),
        ("name", "x" * 201, "shorten it to 200"),
        ("name", "Ac\x00me", "remove it"),
        ("email", "", "give 1 to 254 characters"),
        ("email", "nobody", "write it like name@example.com"),
        ("email", "a\x00@b.example", "write it like name@example.com"),
        ("contact_person", "x" * 201, "shorten it to 200"),
        ("contact_person", "A\x1bda", "remove it"),
        ("phone", "call me", "write 5 to 20 digits"),
        ("address", "x" * 501, "shorten it to 500"),
        ("address", "a\x00b", "remove it"),
        ("time_zone", "Mars/Olympus", "give an IANA name"),
        ("plan_code", "", "must be a plan's code, such as PRO"),
        ("plan_code", "pro!", "must be a plan's code, such as PRO"),
        ("action", pb.Action(reason="unpaid"), "action.actor is missing: give 1 to 254 characters"),
        ("action", pb.Action(actor="a\x00b"), "action.actor has a control character"),
        ("action", pb.Action(actor="me", reason="x" * 501), "action.reason has 501 characters: shorten it to 500"),
        ("action", None, "action.actor is missing"),
    ],
)
async def test_bad_details_are_refused_with_advice(
    portal: TenancyServiceStub, field: str, value: Any, advice: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await call(portal.CreateCompany, creation("Refused", **{field: value}))
    assert refusal.value.message.startswith(field)
    assert advice in refusal.value.message


@pytest.mark.parametrize("method", READS | CHANGES)
async def test_an_id_must_be_one_and_be_known(portal: TenancyServiceStub, method: str) -> None:
    with pytest.raises(InvalidInput, match="company_id must be a UUID"):
        await call(getattr(portal, method), by_id(method, "42"))
    with pytest.raises(NotFound, match=f"company {NOBODY}"):
        await call(getattr(portal, method), by_id(method, NOBODY))


@pytest.mark.parametrize("method", CHANGES)
async def test_an_action_needs_an_actor(portal: TenancyServiceStub, method: str) -> None:
    with pytest.raises(InvalidInput, match=r"action.actor is missing"):
        await call(getattr(portal, method), change(method, NOBODY, pb.Action(reason="unpaid")))


async def test_suspending_needs_a_reason(portal: TenancyServiceStub) -> None:
    request = pb.SuspendCompanyRequest(company_id=NOBODY, action=pb.Action(actor="me"))
    with pytest.raises(InvalidInput, match=r"action.reason is missing: say why you are suspending the company"):
        await call(portal.SuspendCompany, request)


async def test_of_twenty_concurrent_creations_of_a_name_one_succeeds(portal: TenancyServiceStub) -> None:
    calls = (call(portal.CreateCompany, creation("Contested")) for _ in range(20))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 19
    assert sum(isinstance(outcome, pb.CreateCompanyResponse) for outcome in outcomes) == 1


@pytest.mark.parametrize("letter", ["\u0390", "\U0001f680", "\ufdfa"])
async def test_the_longest_names_of_any_script_are_kept(portal: TenancyServiceStub, letter: str) -> None:
    created = await call(portal.CreateCompany, creation(letter * 200))
    assert created.company.name == letter * 200


async def test_changes_come_in_pages_that_lead_to_each_other(portal: TenancyServiceStub, stub: Stub) -> None:
    start = (await call(portal.CreateCompany, creation("Page 0"))).company.revision
    for number in range(1, 6):
        await call(portal.CreateCompany, creation(f"Page {number}"))
    names: list[str] = []
    ids: list[str] = []
    revision = known = start
    while page := await call(portal.ListCompanyChanges, pb.ListCompanyChangesRequest(after_revision=revision, limit=2)):
        access = pb.ListAccessChangesRequest(after_revision=known, limit=2)
        records = await call(stub("tracking").ListAccessChanges, access)
        assert len(records.records) == len(page.companies) <= 2
        assert [record.company_id for record in records.records] == [company.id for company in page.companies]
        if not page.companies:
            break
        names += [company.name for company in page.companies]
        ids += [company.id for company in page.companies]
        revision, known = page.revision, records.revision
    assert names == [f"Page {number}" for number in range(1, 6)]
    assert len(set(ids)) == 5
    assert page.revision == revision == known


@pytest.mark.parametrize("caller", ["owner-portal", "tracking"])
async def test_a_revision_out_of_range_is_refused(stub: Stub, caller: str) -> None:
    method, request = (
        (stub(caller).ListAccessChanges, pb.ListAccessChangesRequest)
        if caller == "tracking"
        else (stub(caller).ListCompanyChanges, pb.ListCompanyChangesRequest)
    )
    with pytest.raises(InvalidInput, match="after_revision is out of range: give the revision of the last response"):
        await call(method, request(after_revision=2**64 - 1))
    with pytest.raises(Refused, match="drop your copy and ask again after revision 0"):
        await call(method, request(after_revision=2**63 - 1))


def sync_time(company_id: str, moment: datetime) -> pb.SyncTime:
    time = pb.SyncTime(company_id=company_id)
    time.last_sync_at.FromDatetime(moment)
    return time


async def test_a_heartbeat_reaches_the_portal(portal: TenancyServiceStub, stub: Stub) -> None:
    company = (await call(portal.CreateCompany, creation("Synced"))).company
    before = await call(portal.ListSyncTimes, pb.ListSyncTimesRequest())
    at = datetime.now(UTC).replace(microsecond=123_456)
    times = [sync_time(company.id, at), sync_time(NOBODY, at)]
    await call(stub("tracking").ReportSync, pb.ReportSyncRequest(times=times))
    listed = await call(portal.ListSyncTimes, pb.ListSyncTimesRequest(since=before.as_of))
    assert sync_time(company.id, at) in listed.times
    found = await current(portal, company)
    assert found.last_sync_at.ToDatetime(tzinfo=UTC) == at
    found.ClearField("last_sync_at")
    assert found == company


@pytest.mark.parametrize(
    ("time", "message"),
    [
        (pb.SyncTime(company_id="42", last_sync_at=Timestamp(seconds=1)), "times.company_id must be a UUID"),
        (pb.SyncTime(company_id=NOBODY), "times.last_sync_at is missing"),
        (pb.SyncTime(company_id=NOBODY, last_sync_at=Timestamp(seconds=10**15)), "last_sync_at is not a time"),
        (pb.SyncTime(company_id=NOBODY, last_sync_at=Timestamp(nanos=-1)), "last_sync_at is not a time"),
    ],
)
async def test_an_invalid_heartbeat_is_refused(stub: Stub, time: pb.SyncTime, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        await call(stub("tracking").ReportSync, pb.ReportSyncRequest(times=[time]))


async def test_a_report_of_10_000_times_is_taken_and_a_longer_one_is_not(stub: Stub) -> None:
    time = sync_time(NOBODY, datetime.now(UTC))
    await call(stub("tracking").ReportSync, pb.ReportSyncRequest(times=[time] * 10_000))
    with pytest.raises(InvalidInput, match="report at most 10000 at once"):
        await call(stub("tracking").ReportSync, pb.ReportSyncRequest(times=[time] * 10_001))


@pytest.mark.parametrize("seconds", [10**15, -(10**15)])
async def test_since_must_be_a_time(portal: TenancyServiceStub, seconds: int) -> None:
    with pytest.raises(InvalidInput, match="since is not a time: give seconds and nanoseconds"):
        await call(portal.ListSyncTimes, pb.ListSyncTimesRequest(since=Timestamp(seconds=seconds)))


async def test_the_first_and_the_last_moment_are_times(portal: TenancyServiceStub, stub: Stub) -> None:
    for moment in (datetime.min, datetime.max):  # noqa: DTZ901 - their zone is the message's
        time = sync_time(NOBODY, moment)
        await call(stub("tracking").ReportSync, pb.ReportSyncRequest(times=[time]))
        await call(portal.ListSyncTimes, pb.ListSyncTimesRequest(since=time.last_sync_at))
