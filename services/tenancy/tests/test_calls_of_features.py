"""Keys, settings and the audit trail over real mutual TLS."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from contracts.tenancy.v1 import audit_pb2, keys_pb2, policy_pb2
from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from servicekit.errors import InvalidInput
from servicekit.rpc_client import call
from services.tenancy.tests.conftest import Stub
from tenancy.keys.rules.peppers import Peppers

if TYPE_CHECKING:
    from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceAsyncStub  # of the stubs alone

PEPPER = Peppers.of(bytes(range(32))).current
ACTION = pb.Action(actor="owner@tenantry.example", reason="asked", request_id="request-1")
POLICY = policy_pb2.TrackingPolicy(
    screenshots_enabled=True,
    screenshot_interval_seconds=90,
    app_tracking_enabled=True,
    idle_threshold_seconds=120,
)


async def create(portal: TenancyServiceStub, name: str) -> pb.CreateCompanyResponse:
    request = pb.CreateCompanyRequest(action=ACTION, name=name, email="it@acme.example", plan_code="PRO")
    response: pb.CreateCompanyResponse = await call(portal.CreateCompany, request)
    return response


def timestamp(moment: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(moment)
    return message


async def test_a_company_is_changed_field_by_field(portal: TenancyServiceStub) -> None:
    first = (await create(portal, "Found 1")).company
    update = pb.UpdateCompanyRequest(action=ACTION, company_id=first.id, contact_person="Ada", phone="")
    changed = (await call(portal.UpdateCompany, update)).company
    assert (changed.contact_person, changed.name) == ("Ada", "Found 1")


async def test_keys_go_through_their_lives(portal: TenancyServiceStub, stub: Stub) -> None:
    created = await create(portal, "Keyed")
    company_id = created.company.id
    rotation = pb.RotateKeyRequest(action=ACTION, company_id=company_id, grace_seconds=3_600)
    rotated = await call(portal.RotateKey, rotation)
    used_at = datetime.now(UTC)
    digest = PEPPER.digest(created.key)
    use = keys_pb2.KeyUse(company_id=company_id, digest=digest, last_used_at=timestamp(used_at), devices=3)
    await call(stub("tracking").ReportKeyUse, keys_pb2.ReportKeyUseRequest(uses=[use]))
    live, ending = (await call(portal.ListKeys, keys_pb2.ListKeysRequest(company_id=company_id))).keys
    assert (live.state, live.hint, live.devices) == (keys_pb2.KEY_STATE_LIVE, rotated.key[-4:], 0)
    assert not live.HasField("valid_until")
    assert not live.HasField("last_used_at")
    assert (ending.state, ending.hint, ending.devices) == (keys_pb2.KEY_STATE_ENDING, created.key[-4:], 3)
    assert ending.last_used_at.ToDatetime(tzinfo=UTC) == used_at
    assert ending.pepper_id == PEPPER.id

    after = pb.ListAccessChangesRequest(after_revision=rotated.company.revision - 1)
    (record,) = (await call(stub("tracking").ListAccessChanges, after)).records
    assert list(record.key_digests) == [PEPPER.digest(rotated.key)]
    ends = {key.digest.digest: key.valid_until for key in record.keys if key.HasField("valid_until")}
    assert ends == {digest: ending.valid_until}
    assert {key.digest.pepper_id for key in record.keys} == {PEPPER.id}

    for key, left in ((ending, 1), (live, 0)):
        request = pb.RevokeKeyRequest(action=ACTION, company_id=company_id, key_id=key.id)
        assert (await call(portal.RevokeKey, request)).keys_left == left
    keys = (await call(portal.ListKeys, keys_pb2.ListKeysRequest(company_id=company_id))).keys
    assert {key.state for key in keys} == {keys_pb2.KEY_STATE_ENDED}


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"company_id": "42"}, "uses.company_id must be a UUID"),
        ({"digest": b"x"}, "uses.digest has 1 bytes: a digest has 32"),
        ({"last_used_at": None}, "uses.last_used_at is missing"),
        ({"last_used_at": Timestamp(nanos=-1)}, "uses.last_used_at is not a time"),
        ({"counted_at": Timestamp(nanos=-1)}, "uses.counted_at is not a time"),
        ({"devices": 2**31}, "uses.devices is 2147483648"),
        ({"newest": keys_pb2.KeyDigest()}, "uses.newest.digest has 0 bytes"),
    ],
)
async def test_bad_uses_are_refused_with_advice(stub: Stub, changes: dict[str, Any], advice: str) -> None:
    fields: dict[str, Any] = {"company_id": "0" * 32, "digest": bytes(32), "last_used_at": Timestamp(seconds=1)}
    request = keys_pb2.ReportKeyUseRequest(uses=[keys_pb2.KeyUse(**(fields | changes))])
    with pytest.raises(InvalidInput, match=advice):
        await call(stub("tracking").ReportKeyUse, request)


async def test_settings_come_back(portal: TenancyServiceStub, stub: Stub) -> None:
    company_id = (await create(portal, "Settled")).company.id
    content = b"\x89PNG\r\n\x1a\n" + bytes(1_000)
    answer = await call(portal.SetLogo, pb.SetLogoRequest(action=ACTION, company_id=company_id, content=content))
    logo = await call(portal.GetLogo, pb.GetLogoRequest(company_id=company_id))
    assert (logo.content, logo.media_type, logo.digest) == (content, "image/png", answer.company.logo_digest)

    request = pb.SetTrackingPolicyRequest(action=ACTION, company_id=company_id, policy=POLICY)
    policy = (await call(portal.SetTrackingPolicy, request)).policy
    found = await call(portal.GetTrackingPolicy, policy_pb2.GetTrackingPolicyRequest(company_id=company_id))
    after = pb.ListAccessChangesRequest(after_revision=answer.company.revision)
    (record,) = (await call(stub("tracking").ListAccessChanges, after)).records
    assert policy == found.policy == record.policy
    assert abs(policy.version - datetime.now(UTC).timestamp()) < 60
    policy.ClearField("version")
    assert policy == POLICY
    with pytest.raises(InvalidInput, match=r"policy.screenshot_interval_seconds is 0: give 30 to 86400 seconds"):
        await call(portal.SetTrackingPolicy, pb.SetTrackingPolicyRequest(action=ACTION, company_id=company_id))


async def test_the_audit_trail_is_listed_and_verified(portal: TenancyServiceStub) -> None:
    company = (await create(portal, "Trailed")).company
    suspension = pb.SuspendCompanyRequest(action=ACTION, company_id=company.id)
    revision = (await call(portal.SuspendCompany, suspension)).company.revision
    request = audit_pb2.ListAuditEntriesRequest(company_id=company.id, page_size=1)
    page = await call(portal.ListAuditEntries, request)
    (entry,) = page.entries
    assert (entry.revision, entry.action, entry.company_id) == (revision, "suspend", company.id)
    assert (entry.actor, entry.reason, entry.request_id) == (ACTION.actor, ACTION.reason, ACTION.request_id)
    assert (dict(entry.before), dict(entry.after)) == ({"state": "active"}, {"state": "suspended"})
    assert abs(entry.at.ToDatetime(tzinfo=UTC) - datetime.now(UTC)) < timedelta(minutes=1)
    request.page_token = page.next_page_token
    page = await call(portal.ListAuditEntries, request)
    assert ([entry.action for entry in page.entries], page.next_page_token) == (["create"], "")
    request.since.CopyFrom(timestamp(datetime.now(UTC)))
    with pytest.raises(InvalidInput, match="page_token belongs to other filters"):
        await call(portal.ListAuditEntries, request)

    verdict = await call(portal.VerifyAudit, audit_pb2.VerifyAuditRequest())
    assert (verdict.whole, verdict.revision, verdict.hash, verdict.flaw) == (True, revision, entry.hash, "")
    known = audit_pb2.VerifyAuditRequest(known_revision=revision, known_hash=bytes(32))
    verdict = await call(portal.VerifyAudit, known)
    assert (verdict.whole, verdict.revision) == (False, revision - 1)
    assert verdict.flaw == f"the audit entry of revision {revision} is not the one that was noted down"
    with pytest.raises(InvalidInput, match="known_revision and known_hash belong together"):
        await call(portal.VerifyAudit, audit_pb2.VerifyAuditRequest(known_revision=1))


async def test_without_a_request_id_the_trace_is_noted(portal: TenancyServiceStub) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    request = pb.CreateCompanyRequest(
        action=pb.Action(actor="owner@tenantry.example"), name="Traced", email="it@acme.example", plan_code="PRO"
    )
    stub = cast("TenancyServiceAsyncStub", portal)
    await stub.CreateCompany(request, timeout=5, metadata=(("traceparent", f"00-{trace}-b7ad6b7169203331-01"),))
    (entry, *_) = (await call(portal.ListAuditEntries, audit_pb2.ListAuditEntriesRequest())).entries
    assert entry.caller == "owner-portal", "as its certificate says, whomever it acts for"
    assert entry.request_id == trace
