"""SubscriptionService over gRPC: what there is, and what is to come. Changes are in subscription_changes."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from datetime import UTC, datetime

from billing.doors.messages import requests
from billing.invoices.messages import lines as money_messages
from billing.money.rules.money import Money
from billing.revenue.rules.revenue import revenue_change
from billing.subscriptions.messages import subscriptions as messages
from billing.subscriptions.rpc.subscription_changes import Context, SubscriptionChanges
from billing.subscriptions.use_cases.batch_get_subscriptions import batch_get_subscriptions
from billing.subscriptions.use_cases.decide_plan_change import Decision
from billing.subscriptions.use_cases.get_subscription import get_subscription
from billing.subscriptions.use_cases.get_subscription_at import get_subscription_at
from billing.subscriptions.use_cases.list_scheduled_changes import list_scheduled_changes
from billing.subscriptions.use_cases.list_subscription_history import list_subscription_history
from billing.subscriptions.use_cases.preview_plan_change import preview_plan_change
from contracts.billing.v1 import subscriptions_pb2 as pb
from servicekit.ids import parse_id


class SubscriptionServicer(SubscriptionChanges):
    """Translates and calls the use cases; nothing is decided here."""

    async def GetSubscription(self, request: pb.GetSubscriptionRequest, context: Context) -> pb.GetSubscriptionResponse:
        details = await get_subscription(
            self._engine, company_id=requests.company(request.company_id), now=datetime.now(UTC)
        )
        return pb.GetSubscriptionResponse(
            record=messages.record(details.record),
            in_use=messages.use(details.in_use),
            owed=messages.money(details.owed),
            refusals=[
                pb.Refusal(step=pb.SubscriptionStep.Value(f"SUBSCRIPTION_STEP_{step}"), reason=reason)
                for step, reason in details.refusals.items()
            ],
        )

    async def BatchGetSubscriptions(
        self, request: pb.BatchGetSubscriptionsRequest, context: Context
    ) -> pb.BatchGetSubscriptionsResponse:
        company_ids = [parse_id(text, "company_ids") for text in request.company_ids]
        found = await batch_get_subscriptions(self._engine, company_ids=company_ids)
        return pb.BatchGetSubscriptionsResponse(subscriptions=[messages.subscription(record) for record in found])

    async def GetSubscriptionAt(
        self, request: pb.GetSubscriptionAtRequest, context: Context
    ) -> pb.GetSubscriptionAtResponse:
        record = await get_subscription_at(
            self._engine,
            company_id=requests.company(request.company_id),
            at=requests.moment(request.at, "at"),
            now=datetime.now(UTC),
        )
        return pb.GetSubscriptionAtResponse(record=messages.record(record))

    async def ListSubscriptionHistory(
        self, request: pb.ListSubscriptionHistoryRequest, context: Context
    ) -> pb.ListSubscriptionHistoryResponse:
        records = await list_subscription_history(
            self._engine,
            company_id=requests.company(request.company_id),
            before_revision=requests.revision(request.before_revision, "before_revision"),
            limit=requests.limit(request.limit),
        )
        return pb.ListSubscriptionHistoryResponse(records=[messages.record(record) for record in records])

    async def ListScheduledChanges(
        self, request: pb.ListScheduledChangesRequest, context: Context
    ) -> pb.ListScheduledChangesResponse:
        changes = await list_scheduled_changes(
            self._engine,
            company_id=requests.optional_id(request.company_id, "company_id"),
            settled_too=request.include_settled,
            after=requests.optional_id(request.after_id, "after_id"),
            limit=requests.limit(request.limit),
        )
        return pb.ListScheduledChangesResponse(changes=[messages.scheduled(change) for change in changes])

    async def PreviewPlanChange(
        self, request: pb.PreviewPlanChangeRequest, context: Context
    ) -> pb.PreviewPlanChangeResponse:
        decision = await preview_plan_change(
            self._engine,
            company_id=requests.company(request.company_id),
            code=requests.plan_code(request.plan_code),
            version=requests.plan_version(request.plan_version),
            asked=requests.timing(request.timing),
            now=datetime.now(UTC),
        )
        return _preview(decision)


def _preview(decision: Decision) -> pb.PreviewPlanChangeResponse:
    current, change = decision.current.subscription, decision.change
    currency = decision.plan.price_per_month.currency
    moved = revenue_change(current, change.after)
    return pb.PreviewPlanChangeResponse(
        plan=messages.plan(decision.plan),
        is_downgrade=decision.plan.is_downgrade_of(current.plan),
        timing=pb.ChangeTiming.Value(f"CHANGE_TIMING_{decision.timing}"),
        effective_at=messages.timestamp(change.at),
        lines=[money_messages.line(current.company_id, line) for line in change.lines],
        net=messages.money(Money(sum(line.minor_units for line in change.lines), currency)),
        monthly_revenue_change=messages.money(Money(moved, currency)),
        in_use=messages.use(decision.in_use),
        shortages=messages.shortages(decision.shortages),
        default_timing=pb.ChangeTiming.Value(f"CHANGE_TIMING_{decision.default}"),
    )
