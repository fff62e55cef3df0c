"""billing: the subscription of one company. Every call may raise Unavailable, and NotFound when there is none."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contracts.billing.v1 import subscriptions_pb2 as pb
from contracts.billing.v1.subscriptions_pb2_grpc import SubscriptionServiceStub
from owner_portal.clients.actions import Action
from owner_portal.clients.channels import Channel
from owner_portal.clients.timestamps import from_timestamp
from owner_portal.directory.messages import from_subscription
from owner_portal.plans.messages import from_money, from_plan, from_shortage, to_action
from owner_portal.subscriptions import messages
from owner_portal.subscriptions.rules.subscriptions import (
    CurrentSubscription,
    PlanPreview,
    ScheduledChange,
    SubscriptionChange,
    SubscriptionRecord,
    Timing,
)

_TIMINGS: Mapping[Timing | None, "pb.ChangeTiming.ValueType"] = {
    None: pb.CHANGE_TIMING_UNSPECIFIED,
    Timing.NOW: pb.CHANGE_TIMING_NOW,
    Timing.PERIOD_END: pb.CHANGE_TIMING_PERIOD_END,
}


class SubscriptionClient:
    """Calls over billing's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = SubscriptionServiceStub(channel.grpc)

    async def standing(self, company_id: UUID) -> CurrentSubscription:
        """The current subscription, usage levels, balance, and refused steps."""
        request = pb.GetSubscriptionRequest(company_id=str(company_id))
        answer = await self._channel.ask(self._stub.GetSubscription, request)
        return CurrentSubscription(
            record=messages.from_record(answer.record),
            in_use=messages.from_use(answer.in_use),
            owed=from_money(answer.owed),
            refusals={
                pb.SubscriptionStep.Name(refusal.step).removeprefix("SUBSCRIPTION_STEP_"): refusal.reason
                for refusal in answer.refusals
            },
        )

    async def history(self, company_id: UUID, *, before_revision: int = 0, limit: int) -> list[SubscriptionRecord]:
        """Changes, the newest first; `before_revision`: the last one of the page before."""
        request = pb.ListSubscriptionHistoryRequest(
            company_id=str(company_id), before_revision=before_revision, limit=limit
        )
        answer = await self._channel.ask(self._stub.ListSubscriptionHistory, request)
        return [messages.from_record(record) for record in answer.records]

    async def scheduled_changes(self, company_id: UUID, *, settled: bool = False) -> list[ScheduledChange]:
        """Pending changes, oldest first; with `settled` also earlier ones."""
        request = pb.ListScheduledChangesRequest(company_id=str(company_id), include_settled=settled)
        answer = await self._channel.ask(self._stub.ListScheduledChanges, request)
        return [messages.from_scheduled(change) for change in answer.changes]

    async def preview_change(self, company_id: UUID, code: str, version: int, timing: Timing) -> PlanPreview:
        """The effect of `change_plan`. Refused and NotFound as there, but shortages are returned."""
        request = pb.PreviewPlanChangeRequest(
            company_id=str(company_id), plan_code=code, plan_version=version, timing=_TIMINGS[timing]
        )
        answer = await self._channel.ask(self._stub.PreviewPlanChange, request)
        return PlanPreview(
            plan=from_plan(answer.plan),
            timing=_timing(answer.timing),
            default_timing=_timing(answer.default_timing),
            is_downgrade=answer.is_downgrade,
            effective_at=from_timestamp(answer.effective_at),
            lines=[messages.from_line(line) for line in answer.lines],
            net=from_money(answer.net),
            monthly_revenue_change=from_money(answer.monthly_revenue_change),
            in_use=messages.from_use(answer.in_use),
            shortages=[from_shortage(shortage) for shortage in answer.shortages],
        )

    async def change_plan(
        self, company_id: UUID, code: str, version: int, timing: Timing | None, action: Action
    ) -> SubscriptionChange:
        """`version` 0: the newest; `timing` None: by billing's default. NotFound: there is no such plan.

        Refused: it is the current plan, the usage exceeds its limits, or there is no period end to wait for.
        """
        request = pb.ChangePlanRequest(
            company_id=str(company_id),
            plan_code=code,
            plan_version=version,
            timing=_TIMINGS[timing],
            action=to_action(action),
        )
        return _changed(await self._channel.ask(self._stub.ChangePlan, request))

    async def renew(self, company_id: UUID, action: Action) -> SubscriptionChange:
        """Refused: it renews automatically, or a payment is missing."""
        request = pb.RenewSubscriptionRequest(company_id=str(company_id), action=to_action(action))
        return _changed(await self._channel.ask(self._stub.RenewSubscription, request))

    async def extend(self, company_id: UUID, days: int, action: Action) -> SubscriptionChange:
        """InvalidInput: not 1 to 366 days."""
        request = pb.ExtendSubscriptionRequest(company_id=str(company_id), days=days, action=to_action(action))
        return _changed(await self._channel.ask(self._stub.ExtendSubscription, request))

    async def cancel(self, company_id: UUID, *, at_once: bool, action: Action) -> SubscriptionChange:
        """Refused: it has ended, or is already cancelled."""
        request = pb.CancelSubscriptionRequest(company_id=str(company_id), at_once=at_once, action=to_action(action))
        return _changed(await self._channel.ask(self._stub.CancelSubscription, request))

    async def cancel_scheduled(self, company_id: UUID, change_id: UUID, action: Action) -> ScheduledChange:
        """The updated change. NotFound: there is no such change. Refused: it is no longer pending."""
        request = pb.CancelScheduledChangeRequest(
            id=str(change_id), company_id=str(company_id), action=to_action(action)
        )
        return messages.from_scheduled((await self._channel.ask(self._stub.CancelScheduledChange, request)).change)


def _timing(timing: "pb.ChangeTiming.ValueType") -> Timing:
    return Timing.PERIOD_END if timing == pb.CHANGE_TIMING_PERIOD_END else Timing.NOW


def _changed(answer: Any) -> SubscriptionChange:
    """Translates any response with a subscription; only some contain lines or a scheduled change."""
    scheduled = isinstance(answer, pb.ChangePlanResponse) and answer.HasField("scheduled")
    return SubscriptionChange(
        subscription=from_subscription(answer.subscription),
        lines=[messages.from_line(line) for line in getattr(answer, "lines", ())],
        scheduled=messages.from_scheduled(answer.scheduled) if scheduled else None,
    )
