"""SubscriptionService over gRPC; the guard before it has checked who is calling."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.rpc import owner_action
from billing.fields.messages import from_company_id, from_limit, from_optional_id, from_revision, to_money, to_timestamp
from billing.invoices.messages import to_line
from billing.limits.messages import to_shortages, to_use
from billing.money.rules import Money
from billing.plans.messages import from_plan_code, from_plan_version, to_plan
from billing.subscriptions.messages import from_timing, to_new_lines, to_record, to_scheduled_change, to_subscription
from billing.subscriptions.rules.movements import revenue_change
from billing.subscriptions.rules.plan_change import ScheduledChange
from billing.subscriptions.use_cases.lifecycle import cancel_subscription, extend_subscription, renew_subscription
from billing.subscriptions.use_cases.plan_change import Changed, Decision, change_plan, preview_plan_change
from billing.subscriptions.use_cases.queries import (
    get_subscription,
    list_subscription_history,
)
from billing.subscriptions.use_cases.record_changes import Encode
from billing.subscriptions.use_cases.scheduled_changes import cancel_scheduled_change, list_scheduled_changes
from contracts.billing.v1 import subscriptions_pb2 as pb
from contracts.billing.v1.subscriptions_pb2_grpc import SubscriptionServiceServicer
from servicekit.ids import parse_id

Context = Any


class SubscriptionServicer(SubscriptionServiceServicer):
    """Translates and calls the use cases; nothing is decided here."""

    def __init__(self, engine: AsyncEngine, encode: Encode) -> None:
        self._engine = engine
        self._encode = encode

    async def GetSubscription(self, request: pb.GetSubscriptionRequest, context: Context) -> pb.GetSubscriptionResponse:
        details = await get_subscription(
            self._engine, company_id=from_company_id(request.company_id), now=datetime.now(UTC)
        )
        return pb.GetSubscriptionResponse(
            record=to_record(details.record),
            in_use=to_use(details.in_use),
            owed=to_money(details.owed),
            refusals=[
                pb.Refusal(step=pb.SubscriptionStep.Value(f"SUBSCRIPTION_STEP_{step}"), reason=reason)
                for step, reason in details.refusals.items()
            ],
            reactivated_until=to_timestamp(details.reactivated_until),
        )

    async def ListSubscriptionHistory(
        self, request: pb.ListSubscriptionHistoryRequest, context: Context
    ) -> pb.ListSubscriptionHistoryResponse:
        records = await list_subscription_history(
            self._engine,
            company_id=from_company_id(request.company_id),
            before_revision=from_revision(request.before_revision, "before_revision"),
            limit=from_limit(request.limit),
        )
        return pb.ListSubscriptionHistoryResponse(records=[to_record(record) for record in records])

    async def ListScheduledChanges(
        self, request: pb.ListScheduledChangesRequest, context: Context
    ) -> pb.ListScheduledChangesResponse:
        changes = await list_scheduled_changes(
            self._engine,
            company_id=from_optional_id(request.company_id, "company_id"),
            settled_too=request.include_settled,
            after=from_optional_id(request.after_id, "after_id"),
            limit=from_limit(request.limit),
        )
        return pb.ListScheduledChangesResponse(changes=[to_scheduled_change(change) for change in changes])

    async def PreviewPlanChange(
        self, request: pb.PreviewPlanChangeRequest, context: Context
    ) -> pb.PreviewPlanChangeResponse:
        decision = await preview_plan_change(
            self._engine,
            company_id=from_company_id(request.company_id),
            code=from_plan_code(request.plan_code),
            version=from_plan_version(request.plan_version),
            asked=from_timing(request.timing),
            now=datetime.now(UTC),
        )
        return _preview(decision)

    async def ChangePlan(self, request: pb.ChangePlanRequest, context: Context) -> pb.ChangePlanResponse:
        return await owner_action(
            request,
            pb.ChangePlanResponse,
            _plan_changed,
            lambda owner: change_plan(
                self._engine,
                self._encode,
                request=owner,
                company_id=from_company_id(request.company_id),
                code=from_plan_code(request.plan_code),
                version=from_plan_version(request.plan_version),
                asked=from_timing(request.timing),
                now=datetime.now(UTC),
            ),
        )

    async def RenewSubscription(
        self, request: pb.RenewSubscriptionRequest, context: Context
    ) -> pb.RenewSubscriptionResponse:
        return await owner_action(
            request,
            pb.RenewSubscriptionResponse,
            _renewed,
            lambda owner: renew_subscription(
                self._engine,
                self._encode,
                request=owner,
                company_id=from_company_id(request.company_id),
                now=datetime.now(UTC),
            ),
        )

    async def ExtendSubscription(
        self, request: pb.ExtendSubscriptionRequest, context: Context
    ) -> pb.ExtendSubscriptionResponse:
        return await owner_action(
            request,
            pb.ExtendSubscriptionResponse,
            _extended,
            lambda owner: extend_subscription(
                self._engine,
                self._encode,
                request=owner,
                company_id=from_company_id(request.company_id),
                days=request.days,
                now=datetime.now(UTC),
            ),
        )

    async def CancelSubscription(
        self, request: pb.CancelSubscriptionRequest, context: Context
    ) -> pb.CancelSubscriptionResponse:
        return await owner_action(
            request,
            pb.CancelSubscriptionResponse,
            _cancelled,
            lambda owner: cancel_subscription(
                self._engine,
                self._encode,
                request=owner,
                company_id=from_company_id(request.company_id),
                at_once=request.at_once,
                now=datetime.now(UTC),
            ),
        )

    async def CancelScheduledChange(
        self, request: pb.CancelScheduledChangeRequest, context: Context
    ) -> pb.CancelScheduledChangeResponse:
        return await owner_action(
            request,
            pb.CancelScheduledChangeResponse,
            _withdrawn,
            lambda owner: cancel_scheduled_change(
                self._engine,
                self._encode,
                request=owner,
                change_id=parse_id(request.id, "id"),
                company_id=parse_id(request.company_id, "company_id") if request.company_id else None,
                now=datetime.now(UTC),
            ),
        )


def _plan_changed(changed: Changed) -> pb.ChangePlanResponse:
    return pb.ChangePlanResponse(
        subscription=to_subscription(changed.record),
        lines=to_new_lines(changed.record, changed.lines),
        scheduled=to_scheduled_change(changed.scheduled) if changed.scheduled else None,
    )


def _renewed(changed: Changed) -> pb.RenewSubscriptionResponse:
    lines = to_new_lines(changed.record, changed.lines)
    return pb.RenewSubscriptionResponse(subscription=to_subscription(changed.record), lines=lines)


def _extended(changed: Changed) -> pb.ExtendSubscriptionResponse:
    return pb.ExtendSubscriptionResponse(subscription=to_subscription(changed.record))


def _cancelled(changed: Changed) -> pb.CancelSubscriptionResponse:
    lines = to_new_lines(changed.record, changed.lines)
    return pb.CancelSubscriptionResponse(subscription=to_subscription(changed.record), lines=lines)


def _withdrawn(change: ScheduledChange) -> pb.CancelScheduledChangeResponse:
    return pb.CancelScheduledChangeResponse(change=to_scheduled_change(change))


def _preview(decision: Decision) -> pb.PreviewPlanChangeResponse:
    current, change = decision.current.subscription, decision.change
    currency = decision.plan.price_per_month.currency
    moved = revenue_change(current, change.after)
    return pb.PreviewPlanChangeResponse(
        plan=to_plan(decision.plan),
        is_downgrade=decision.plan.is_downgrade_of(current.plan),
        timing=pb.ChangeTiming.Value(f"CHANGE_TIMING_{decision.timing}"),
        effective_at=to_timestamp(change.at),
        lines=[to_line(current.company_id, line) for line in change.lines],
        net=to_money(Money(sum(line.minor_units for line in change.lines), currency)),
        monthly_revenue_change=to_money(Money(moved, currency)),
        in_use=to_use(decision.in_use),
        shortages=to_shortages(decision.shortages),
        default_timing=pb.ChangeTiming.Value(f"CHANGE_TIMING_{decision.default}"),
    )
