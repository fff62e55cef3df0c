"""The audit trail: one entry for each owner action, with request and outcome; tampering is found."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import grpc
import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd
from audit_trail import store as audit_store
from billing.audit.use_cases import verify_audit
from billing.subscriptions.messages import encode
from billing.subscriptions.use_cases.company_events import start_trial
from contracts.billing.v1 import audit_pb2 as pb
from contracts.billing.v1 import plans_pb2, subscriptions_pb2
from contracts.billing.v1.action_pb2 import Action
from contracts.billing.v1.audit_pb2_grpc import AuditServiceStub
from contracts.billing.v1.plans_pb2_grpc import PlanServiceStub
from contracts.billing.v1.subscriptions_pb2_grpc import SubscriptionServiceStub
from servicekit.errors import InvalidInput, Refused
from servicekit.ids import new_id
from servicekit.rpc_client import call
from testkit.world import run_command

ChannelAs = Callable[[str], grpc.aio.Channel]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def portal(channel_as: ChannelAs) -> SimpleNamespace:
    channel = channel_as("owner-portal")
    return SimpleNamespace(
        audit=AuditServiceStub(channel), plans=PlanServiceStub(channel), subscriptions=SubscriptionServiceStub(channel)
    )


def action(actor: str = "owner@example.com", **fields: str) -> Action:
    return Action(actor=actor, reason="asked", idempotency_key=str(new_id()), **fields)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def company(engine: AsyncEngine, portal: SimpleNamespace) -> UUID:
    """A company with four actions: extended, FREE scheduled and withdrawn, a plan created."""
    company, subscriptions = new_id(), portal.subscriptions
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=datetime.now(UTC))
    extend = subscriptions_pb2.ExtendSubscriptionRequest(
        action=action(request_id="r-7"), company_id=str(company), days=3
    )
    await call(subscriptions.ExtendSubscription, extend)
    extend.action.request_id = "r-8"  # a repetition has another request id
    await call(subscriptions.ExtendSubscription, extend)
    change = subscriptions_pb2.ChangePlanRequest(
        action=action(),
        company_id=str(company),
        plan_code="FREE",
        timing=subscriptions_pb2.CHANGE_TIMING_PERIOD_END,
    )
    scheduled = (await call(subscriptions.ChangePlan, change)).scheduled
    withdraw = subscriptions_pb2.CancelScheduledChangeRequest(action=action("other@example.com"), id=scheduled.id)
    await call(subscriptions.CancelScheduledChange, withdraw)
    withdraw.action.idempotency_key = str(new_id())
    with pytest.raises(Refused):
        await call(subscriptions.CancelScheduledChange, withdraw)
    terms = plans_pb2.PlanTerms(code="TEAM", name="Team", seats=20, storage_bytes=10**10, screenshot_retention_days=7)
    terms.price_per_month.minor_units, terms.price_per_month.currency = 3000, "USD"
    await call(portal.plans.CreatePlanVersion, plans_pb2.CreatePlanVersionRequest(action=action(), terms=terms))
    return company


async def listed(portal: SimpleNamespace, **question: Any) -> list[pb.AuditEntry]:
    return list((await call(portal.audit.ListAuditEntries, pb.ListAuditEntriesRequest(**question))).entries)


def stamp(moment: datetime) -> Timestamp:
    written = Timestamp()
    written.FromDatetime(moment)
    return written


async def test_each_action_has_one_entry(portal: SimpleNamespace, company: UUID) -> None:
    created, withdrawn, changed, extended = await listed(portal)
    assert [entry.revision for entry in (created, withdrawn, changed, extended)] == [4, 3, 2, 1]
    assert (extended.action, extended.actor, extended.reason) == ("extend_subscription", "owner@example.com", "asked")
    assert extended.request_id == "r-7", "the repetition had no effect"
    assert dict(extended.asked) == {"company_id": str(company), "days": "3"}
    assert extended.outcome["subscription.state"] == "SUBSCRIPTION_STATE_TRIAL"
    assert (changed.action, changed.asked["timing"]) == ("change_plan", "CHANGE_TIMING_PERIOD_END")
    assert (withdrawn.action, withdrawn.company_id) == ("cancel_scheduled_change", str(company)), "known by the change"
    assert withdrawn.actor == "other@example.com"
    assert (created.action, created.company_id) == ("create_plan_version", "")
    assert created.asked["terms.price_per_month.minor_units"] == "3000"
    assert created.outcome["plan.version"] == "1"
    # The actor is what the caller says; the caller is what its certificate says.
    assert {entry.caller for entry in (created, withdrawn, changed, extended)} == {"owner-portal"}


async def test_filters(portal: SimpleNamespace, company: UUID) -> None:
    now = datetime.now(UTC)
    expected: list[tuple[dict[str, Any], list[int]]] = [
        ({"company_id": str(company)}, [3, 2, 1]),
        ({"company_id": str(new_id())}, []),
        ({"actor": "other@example.com"}, [3]),
        ({"action": "change_plan"}, [2]),
        ({"actor": "owner@example.com", "action": "cancel_scheduled_change"}, []),
        ({"until": stamp(now)}, [4, 3, 2, 1]),
        ({"since": stamp(now)}, []),
        ({"since": stamp(now - timedelta(hours=1)), "limit": 2}, [4, 3]),
        ({"before_revision": 3, "limit": 1}, [2]),
        ({"before_revision": 1}, []),
    ]
    for question, revisions in expected:
        assert [entry.revision for entry in await listed(portal, **question)] == revisions, question


@pytest.mark.parametrize(
    "question",
    [{"company_id": "x"}, {"actor": "a" * 255}, {"before_revision": 2**63}, {"since": Timestamp(seconds=2**60)}],
)
async def test_invalid_requests_are_refused(portal: SimpleNamespace, question: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await listed(portal, **question)


@pytest.mark.usefixtures("company")
async def test_the_trail_is_whole_and_leads_through_what_was_noted_down(
    portal: SimpleNamespace, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = await call(portal.audit.VerifyAudit, pb.VerifyAuditRequest())
    newest, *_ = await listed(portal)
    assert (verdict.whole, verdict.revision, verdict.hash, verdict.flaw) == (True, 4, newest.hash, "")
    noted = pb.VerifyAuditRequest(known_revision=4, known_hash=verdict.hash)
    assert (await call(portal.audit.VerifyAudit, noted)).whole
    noted = pb.VerifyAuditRequest(known_revision=2, known_hash=bytes(32))
    verdict = await call(portal.audit.VerifyAudit, noted)
    assert (verdict.whole, verdict.revision) == (False, 1)
    assert verdict.flaw == "the audit entry of revision 2 is not the one that was noted down"
    with pytest.raises(InvalidInput, match="give both"):
        await call(portal.audit.VerifyAudit, pb.VerifyAuditRequest(known_revision=2))
    monkeypatch.setattr(audit_store, "PAGE_SIZE", 1)
    assert (await verify_audit(engine)).end.revision == 4


CHANGED = "UPDATE audit_entry SET {} WHERE revision = 2"
TAMPERINGS = {
    CHANGED.format("at = at + interval '1 us'"): "revision 2 was altered",
    CHANGED.format("actor = 'x'"): "revision 2 was altered",
    CHANGED.format("action = 'x'"): "revision 2 was altered",
    CHANGED.format("company_id = NULL"): "revision 2 was altered",
    CHANGED.format("caller = ''"): "revision 2 was altered",
    CHANGED.format("caller = 'operator'"): "revision 2 was altered",
    CHANGED.format("reason = 'x'"): "revision 2 was altered",
    CHANGED.format("request_id = 'x'"): "revision 2 was altered",
    CHANGED.format("asked = asked - 'plan_code'"): "revision 2 was altered",
    CHANGED.format("""outcome = outcome || '{"a": "b"}'"""): "revision 2 was altered",
    CHANGED.format("revision = 9"): "revision 2 is missing",
    "DELETE FROM audit_entry WHERE revision = 4": "revision 4 is missing: the clock is at 4",
    "UPDATE clock SET actions = 3": "revision 4 was added: the clock is at 3",
}


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_tampering_is_found_and_named(engine: AsyncEngine, superuser: AsyncEngine, tampering: str) -> None:
    async with superuser.begin() as tx:
        await tx.execute(text("CREATE TABLE kept AS SELECT * FROM audit_entry"))
        await tx.execute(text(tampering.replace(":", r"\:")))
    try:
        flaw = (await verify_audit(engine)).flaw
    finally:
        async with superuser.begin() as tx:
            await tx.execute(text("TRUNCATE audit_entry"))
            await tx.execute(text("INSERT INTO audit_entry SELECT * FROM kept"))
            await tx.execute(text("UPDATE clock SET actions = 4"))
            await tx.execute(text("DROP TABLE kept"))
    assert flaw is not None
    assert TAMPERINGS[tampering] in flaw
    assert (await verify_audit(engine)).flaw is None


@pytest.mark.usefixtures("company")
async def test_a_trail_that_was_cut_off_is_found(engine: AsyncEngine) -> None:
    verdict = await verify_audit(engine, known=ChainEnd(9, bytes(32)))
    assert verdict.flaw == "the audit entry of revision 5 is missing: one of 9 was noted down"


@pytest.mark.usefixtures("company")
def test_the_command_tells_whether_the_trail_is_whole(environment: dict[str, str]) -> None:
    assert '"entries": 4' in run_command("billing", "verify-audit", environment=environment)
