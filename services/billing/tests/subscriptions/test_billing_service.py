"""What others keep a copy of, over mutual TLS against the running process; who may call is in test_rpc_callers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.rules import Action
from billing.db.store import revision_clock
from billing.plans import store as plans
from billing.subscriptions.messages import encode
from billing.subscriptions.rules import lifecycle
from billing.subscriptions.use_cases.company_events import start_trial
from billing.subscriptions.use_cases.record_changes import record
from contracts.billing.v1 import billing_pb2
from contracts.billing.v1.billing_pb2_grpc import BillingServiceStub
from servicekit.errors import Refused
from servicekit.ids import new_id
from servicekit.rpc_client import call

ConnectAs = Callable[[str], BillingServiceStub]


async def test_plans(connect_as: ConnectAs) -> None:
    answer = await call(connect_as("owner-portal").ListPlans, billing_pb2.ListPlansRequest())
    assert [(plan.code, plan.price_per_month.minor_units, plan.seats) for plan in answer.plans] == [
        ("FREE", 0, 5),
        ("PRO", 9900, 50),
        ("ENTERPRISE", 49900, 999),
    ]


async def test_a_started_trial_is_seen_by_the_portal_and_the_gateway(
    connect_as: ConnectAs, engine: AsyncEngine
) -> None:
    company, now = new_id(), datetime.now(UTC)
    subscriptions_request = billing_pb2.ListSubscriptionChangesRequest(after_revision=await newest(engine))
    entitlements_request = billing_pb2.ListEntitlementChangesRequest(after_revision=await newest(engine))
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=now)

    answer = await call(connect_as("owner-portal").ListSubscriptionChanges, subscriptions_request)
    (subscription,) = answer.subscriptions
    assert subscription.company_id == str(company)
    assert (subscription.plan_code, subscription.plan_version) == ("PRO", 1)
    assert subscription.state == billing_pb2.SUBSCRIPTION_STATE_TRIAL
    assert subscription.started_at.ToDatetime(UTC) == now
    assert subscription.expires_at.ToDatetime(UTC) == now + timedelta(days=30)
    assert subscription.price_per_month == billing_pb2.Money(minor_units=9900, currency="USD")
    assert answer.revision == subscription.revision == await newest(engine)

    granted = await call(connect_as("tracking").ListEntitlementChanges, entitlements_request)
    (entitlement,) = granted.entitlements
    assert entitlement.company_id == str(company)
    assert entitlement.access_until == subscription.expires_at
    assert (entitlement.seats, entitlement.storage_bytes, entitlement.screenshot_retention_days) == (50, 10**11, 30)
    assert granted.revision == entitlement.revision == answer.revision


async def test_pages_have_a_thousand_changes_at_most(connect_as: ConnectAs, engine: AsyncEngine) -> None:
    before = await newest(engine)
    async with engine.begin() as tx:
        await revision_clock.lock(tx)
        (free, *_) = await plans.on_offer(tx)
        now = datetime.now(UTC)
        trials = [(None, lifecycle.start_trial(new_id(), free, now)) for _ in range(1001)]
        revisions = [each.revision for each in await record(tx, encode, trials, action=Action("tests", ""), now=now)]
    list_changes = connect_as("tracking").ListEntitlementChanges
    request = billing_pb2.ListEntitlementChangesRequest
    for limit in (0, 1000, 2**32 - 1):
        page = await call(list_changes, request(after_revision=before, limit=limit))
        assert [change.revision for change in page.entitlements] == revisions[:1000]
    rest = await call(list_changes, request(after_revision=page.revision))
    assert [change.revision for change in rest.entitlements] == [revisions[-1]]
    end = await call(list_changes, request(after_revision=rest.revision))
    assert (list(end.entitlements), end.revision) == ([], rest.revision)


@pytest.mark.parametrize("revision", [2**40, 2**63, 2**64 - 1])
async def test_a_revision_from_elsewhere_is_refused(connect_as: ConnectAs, revision: int) -> None:
    operator = connect_as("operator")
    with pytest.raises(Refused, match="ask again after revision 0"):
        await call(
            operator.ListSubscriptionChanges, billing_pb2.ListSubscriptionChangesRequest(after_revision=revision)
        )
    with pytest.raises(Refused, match="ask again after revision 0"):
        await call(operator.ListEntitlementChanges, billing_pb2.ListEntitlementChangesRequest(after_revision=revision))


async def newest(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return await revision_clock.newest(connection)
