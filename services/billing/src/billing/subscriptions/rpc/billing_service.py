"""BillingService over gRPC: what others keep a copy of. The guard before it has checked who is calling."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.fields.messages import from_limit
from billing.plans.messages import to_plan
from billing.plans.use_cases import list_plans
from billing.subscriptions.messages import to_entitlement, to_subscription
from billing.subscriptions.use_cases.queries import list_subscription_changes
from contracts.billing.v1 import billing_pb2 as pb
from contracts.billing.v1.billing_pb2_grpc import BillingServiceServicer

_Context = Any


class BillingServicer(BillingServiceServicer):
    """Translates and calls the use cases; nothing is decided here."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def ListPlans(self, request: pb.ListPlansRequest, context: _Context) -> pb.ListPlansResponse:
        plans = await list_plans(self._engine, all_versions=request.include_all_versions)
        return pb.ListPlansResponse(plans=[to_plan(plan) for plan in plans])

    async def ListSubscriptionChanges(
        self, request: pb.ListSubscriptionChangesRequest, context: _Context
    ) -> pb.ListSubscriptionChangesResponse:
        after, limit = request.after_revision, from_limit(request.limit)
        changes = await list_subscription_changes(self._engine, after_revision=after, limit=limit)
        return pb.ListSubscriptionChangesResponse(
            subscriptions=[to_subscription(change) for change in changes],
            revision=changes[-1].revision if changes else after,
        )

    async def ListEntitlementChanges(
        self, request: pb.ListEntitlementChangesRequest, context: _Context
    ) -> pb.ListEntitlementChangesResponse:
        after, limit = request.after_revision, from_limit(request.limit)
        changes = await list_subscription_changes(self._engine, after_revision=after, limit=limit)
        return pb.ListEntitlementChangesResponse(
            entitlements=[to_entitlement(change.subscription.entitlement(), change.revision) for change in changes],
            revision=changes[-1].revision if changes else after,
        )
