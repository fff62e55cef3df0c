"""The calls of SubscriptionService that change something; the guard before them has checked who is calling."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.messages.owner_request import changing
from billing.doors.messages import requests
from billing.invoices.messages import lines as money_messages
from billing.subscriptions.messages import subscriptions as messages
from billing.subscriptions.rules.plan_change import ScheduledChange
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.cancel_scheduled_change import cancel_scheduled_change
from billing.subscriptions.use_cases.cancel_subscription import cancel_subscription
from billing.subscriptions.use_cases.change_plan import Changed, change_plan
from billing.subscriptions.use_cases.extend_subscription import extend_subscription
from billing.subscriptions.use_cases.renew_subscription import renew_subscription
from contracts.billing.v1 import subscriptions_pb2 as pb
from contracts.billing.v1.subscriptions_pb2_grpc import SubscriptionServiceServicer
from servicekit.ids import parse_id

Context = Any


class SubscriptionChanges(SubscriptionServiceServicer):
    """Each call has one effect for each idempotency key, and the same answer ever after."""

    def __init__(self, engine: AsyncEngine, encode: Encode) -> None:
        self._engine = engine
        self._encode = encode

    async def ChangePlan(self, request: pb.ChangePlanRequest, context: Context) -> pb.ChangePlanResponse:
        answer = await change_plan(
            self._engine,
            self._encode,
            request=changing(request, _plan_changed),
            company_id=requests.company(request.company_id),
            code=requests.plan_code(request.plan_code),
            version=requests.plan_version(request.plan_version),
            asked=requests.timing(request.timing),
            now=datetime.now(UTC),
        )
        return pb.ChangePlanResponse.FromString(answer)

    async def RenewSubscription(
        self, request: pb.RenewSubscriptionRequest, context: Context
    ) -> pb.RenewSubscriptionResponse:
        answer = await renew_subscription(
            self._engine,
            self._encode,
            request=changing(request, _renewed),
            company_id=requests.company(request.company_id),
            now=datetime.now(UTC),
        )
        return pb.RenewSubscriptionResponse.FromString(answer)

    async def ExtendSubscription(
        self, request: pb.ExtendSubscriptionRequest, context: Context
    ) -> pb.ExtendSubscriptionResponse:
        answer = await extend_subscription(
            self._engine,
            self._encode,
            request=changing(request, _extended),
            company_id=requests.company(request.company_id),
            days=request.days,
            now=datetime.now(UTC),
        )
        return pb.ExtendSubscriptionResponse.FromString(answer)

    async def CancelSubscription(
        self, request: pb.CancelSubscriptionRequest, context: Context
    ) -> pb.CancelSubscriptionResponse:
        answer = await cancel_subscription(
            self._engine,
            self._encode,
            request=changing(request, _cancelled),
            company_id=requests.company(request.company_id),
            at_once=request.at_once,
            now=datetime.now(UTC),
        )
        return pb.CancelSubscriptionResponse.FromString(answer)

    async def CancelScheduledChange(
        self, request: pb.CancelScheduledChangeRequest, context: Context
    ) -> pb.CancelScheduledChangeResponse:
        answer = await cancel_scheduled_change(
            self._engine,
            self._encode,
            request=changing(request, _withdrawn),
            change_id=parse_id(request.id, "id"),
            company_id=parse_id(request.company_id, "company_id") if request.company_id else None,
            now=datetime.now(UTC),
        )
        return pb.CancelScheduledChangeResponse.FromString(answer)


def _plan_changed(changed: Changed) -> pb.ChangePlanResponse:
    return pb.ChangePlanResponse(
        subscription=messages.subscription(changed.record),
        lines=money_messages.lines(changed.record, changed.lines),
        scheduled=messages.scheduled(changed.scheduled) if changed.scheduled else None,
    )


def _renewed(changed: Changed) -> pb.RenewSubscriptionResponse:
    lines = money_messages.lines(changed.record, changed.lines)
    return pb.RenewSubscriptionResponse(subscription=messages.subscription(changed.record), lines=lines)


def _extended(changed: Changed) -> pb.ExtendSubscriptionResponse:
    return pb.ExtendSubscriptionResponse(subscription=messages.subscription(changed.record))


def _cancelled(changed: Changed) -> pb.CancelSubscriptionResponse:
    lines = money_messages.lines(changed.record, changed.lines)
    return pb.CancelSubscriptionResponse(subscription=messages.subscription(changed.record), lines=lines)


def _withdrawn(change: ScheduledChange) -> pb.CancelScheduledChangeResponse:
    return pb.CancelScheduledChangeResponse(change=messages.scheduled(change))
