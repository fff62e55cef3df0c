"""Idempotency keys, over gRPC and all at once: one effect, one answer, and no error that a caller could not act on."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import grpc
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.subscriptions.messages import encode
from billing.subscriptions.use_cases.company_events import start_trial
from contracts.billing.v1 import plans_pb2, subscriptions_pb2
from contracts.billing.v1.action_pb2 import Action
from contracts.billing.v1.billing_pb2 import Money
from contracts.billing.v1.plans_pb2_grpc import PlanServiceStub
from contracts.billing.v1.subscriptions_pb2_grpc import SubscriptionServiceStub
from servicekit.errors import AppError, Conflict, InvalidInput, Refused
from servicekit.ids import new_id
from servicekit.rpc_client import call

ChannelAs = Callable[[str], grpc.aio.Channel]
History = Callable[[UUID], Awaitable[list[tuple[str, str, bool]]]]

CALLS = 100
PATIENCE = 60.0


def action(key: str = "") -> Action:
    return Action(actor="owner@example.com", reason="asked", idempotency_key=key or str(new_id()))


def terms(price: int) -> plans_pb2.PlanTerms:
    return plans_pb2.PlanTerms(
        code="TEAM",
        name="Team",
        price_per_month=Money(minor_units=price, currency="USD"),
        seats=20,
        storage_bytes=10**10,
        screenshot_retention_days=30,
    )


@pytest.fixture
async def company(engine: AsyncEngine) -> UUID:
    company = new_id()
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=datetime.now(UTC))
    return company


async def test_a_hundred_identical_changes_are_one(channel_as: ChannelAs, company: UUID, history: History) -> None:
    stub = SubscriptionServiceStub(channel_as("owner-portal"))
    request = subscriptions_pb2.RenewSubscriptionRequest(action=action(), company_id=str(company))
    answers = await asyncio.gather(*(call(stub.RenewSubscription, request, deadline=PATIENCE) for _ in range(CALLS)))
    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert [line.amount.minor_units for line in answers[0].lines] == [9900]
    assert await history(company) == [("PRO", "TRIAL", False), ("PRO", "ACTIVE", True)]


async def test_a_hundred_identical_creations_are_one(channel_as: ChannelAs) -> None:
    stub = PlanServiceStub(channel_as("owner-portal"))
    request = plans_pb2.CreatePlanVersionRequest(action=action(), terms=terms(3000))
    answers = await asyncio.gather(*(call(stub.CreatePlanVersion, request, deadline=PATIENCE) for _ in range(CALLS)))
    assert {(answer.plan.code, answer.plan.version) for answer in answers} == {("TEAM", 1)}
    with pytest.raises(Conflict, match="Version 1 of TEAM has these terms already"):
        await call(stub.CreatePlanVersion, plans_pb2.CreatePlanVersionRequest(action=action(), terms=terms(3000)))


async def test_a_hundred_different_changes_leave_one_consistent_history(
    channel_as: ChannelAs, company: UUID, history: History
) -> None:
    """Each is done or refused for what it finds; none fails for the others."""
    stub = SubscriptionServiceStub(channel_as("owner-portal"))

    async def change(number: int) -> str:
        request = subscriptions_pb2.ChangePlanRequest(
            action=action(), company_id=str(company), plan_code=("FREE", "PRO", "ENTERPRISE")[number % 3]
        )
        try:
            await call(stub.ChangePlan, request, deadline=PATIENCE)
        except AppError as error:
            return type(error).__name__
        return "done"

    outcomes = Counter(await asyncio.gather(*(change(number) for number in range(CALLS))))
    assert set(outcomes) <= {"done", "Refused"}
    rows = await history(company)
    assert len(rows) == 1 + outcomes["done"]
    assert all(before[0] != after[0] for before, after in pairwise(rows))
    assert [current for _, _, current in rows].count(True) == 1


async def test_a_key_belongs_to_one_request(channel_as: ChannelAs, company: UUID) -> None:
    stub = SubscriptionServiceStub(channel_as("owner-portal"))
    key = str(new_id())
    extend = subscriptions_pb2.ExtendSubscriptionRequest
    await call(stub.ExtendSubscription, extend(action=action(key), company_id=str(company), days=3))
    with pytest.raises(Conflict, match="was used for another request"):
        await call(stub.ExtendSubscription, extend(action=action(key), company_id=str(company), days=4))
    cancel = subscriptions_pb2.CancelSubscriptionRequest(action=action(key), company_id=str(company))
    with pytest.raises(Conflict, match="was used for another request"):
        await call(stub.CancelSubscription, cancel)


async def test_a_refusal_leaves_the_key_free(channel_as: ChannelAs, company: UUID) -> None:
    stub = SubscriptionServiceStub(channel_as("owner-portal"))
    change = subscriptions_pb2.ChangePlanRequest(action=action(), company_id=str(company), plan_code="PRO")
    with pytest.raises(Refused, match="version 1 of PRO already"):
        await call(stub.ChangePlan, change)
    other = subscriptions_pb2.ChangePlanRequest(action=action(), company_id=str(company), plan_code="FREE")
    await call(stub.ChangePlan, other)
    assert (await call(stub.ChangePlan, change)).subscription.plan_code == "PRO"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (Action(actor="owner@example.com", reason="asked"), "Idempotency key is missing: give 1 to 200"),
        (Action(idempotency_key="k"), "Actor is missing"),
        (
            Action(actor="a", idempotency_key="k" * 201),
            "Idempotency key has 201 characters: shorten it to 200",
        ),
        (Action(actor="a", reason="a\nb", idempotency_key="k"), "Reason has a line break"),
    ],
)
async def test_actions_that_cannot_be_kept(channel_as: ChannelAs, company: UUID, broken: Action, message: str) -> None:
    stub = SubscriptionServiceStub(channel_as("owner-portal"))
    request = subscriptions_pb2.RenewSubscriptionRequest(action=broken, company_id=str(company))
    with pytest.raises(InvalidInput, match=message):
        await call(stub.RenewSubscription, request)
