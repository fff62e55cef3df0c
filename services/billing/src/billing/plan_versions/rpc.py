"""PlanService over gRPC; the guard before it has checked who is calling."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.rpc import owner_action
from billing.fields.messages import from_limit, from_optional_id, to_money
from billing.limits.messages import to_shortages
from billing.money.rules import Money
from billing.plan_versions.use_cases import (
    Effect,
    Moved,
    Preview,
    create_plan_version,
    move_subscriptions,
    preview_plan_version,
)
from billing.plans.messages import from_plan_code, from_plan_version, from_terms, to_plan
from billing.plans.rules import Plan
from billing.subscriptions.messages import to_monthly_revenue
from billing.subscriptions.use_cases.record_changes import Encode
from contracts.billing.v1 import plans_pb2 as pb
from contracts.billing.v1.plans_pb2_grpc import PlanServiceServicer

_Context = Any


class PlanServicer(PlanServiceServicer):
    """Translates and calls the use cases; nothing is decided here."""

    def __init__(self, engine: AsyncEngine, encode: Encode) -> None:
        self._engine = engine
        self._encode = encode

    async def CreatePlanVersion(
        self, request: pb.CreatePlanVersionRequest, context: _Context
    ) -> pb.CreatePlanVersionResponse:
        return await owner_action(
            request,
            pb.CreatePlanVersionResponse,
            _created,
            lambda owner: create_plan_version(self._engine, request=owner, terms=from_terms(request.terms)),
        )

    async def PreviewPlanVersion(
        self, request: pb.PreviewPlanVersionRequest, context: _Context
    ) -> pb.PreviewPlanVersionResponse:
        preview = await preview_plan_version(
            self._engine,
            terms=from_terms(request.terms),
            now=datetime.now(UTC),
            after=from_optional_id(request.after_company_id, "after_company_id"),
            limit=from_limit(request.limit),
        )
        return _preview(preview)

    async def MoveSubscriptions(
        self, request: pb.MoveSubscriptionsRequest, context: _Context
    ) -> pb.MoveSubscriptionsResponse:
        return await owner_action(
            request,
            pb.MoveSubscriptionsResponse,
            _moved,
            lambda owner: move_subscriptions(
                self._engine,
                self._encode,
                request=owner,
                plan_code=from_plan_code(request.plan_code),
                to_version=from_plan_version(request.to_version),
                after=from_optional_id(request.after_company_id, "after_company_id"),
                now=datetime.now(UTC),
            ),
        )


def _created(plan: Plan) -> pb.CreatePlanVersionResponse:
    return pb.CreatePlanVersionResponse(plan=to_plan(plan))


def _moved(moved: Moved) -> pb.MoveSubscriptionsResponse:
    return pb.MoveSubscriptionsResponse(
        moved_company_ids=[str(company_id) for company_id in moved.company_ids],
        kept=[
            pb.KeptSubscription(company_id=str(company_id), shortages=to_shortages(found))
            for company_id, found in moved.kept
        ],
        monthly_revenue_change=to_money(moved.revenue_change),
        next_company_id=str(moved.last or ""),
    )


def _preview(preview: Preview) -> pb.PreviewPlanVersionResponse:
    before = sum(effect.subscription.monthly_revenue for effect in preview.changing)
    after = sum(effect.revenue_after for effect in preview.changing)
    return pb.PreviewPlanVersionResponse(
        would_change=len(preview.changing),
        would_keep=len(preview.effects) - len(preview.changing),
        monthly_revenue_before=to_money(Money(before, preview.currency)),
        monthly_revenue_after=to_money(Money(after, preview.currency)),
        effects=[_effect(effect, preview.currency) for effect in preview.page],
        next_company_id=str(preview.page[-1].subscription.company_id) if preview.more else "",
    )


def _effect(effect: Effect, currency: str) -> pb.PlanVersionEffect:
    return pb.PlanVersionEffect(
        company_id=str(effect.subscription.company_id),
        plan_version=effect.subscription.plan.version,
        monthly_revenue_before=to_monthly_revenue(effect.subscription),
        monthly_revenue_after=to_money(Money(effect.revenue_after, currency)),
        shortages=to_shortages(effect.shortages),
    )
