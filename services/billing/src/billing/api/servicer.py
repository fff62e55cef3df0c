"""BillingService over gRPC; the guard before it has checked who is calling."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.api import messages
from billing.application.list_entitlement_changes import list_entitlement_changes
from billing.application.list_plans import list_plans
from billing.application.list_subscription_changes import list_subscription_changes
from contracts.billing.v1 import billing_pb2, billing_pb2_grpc

PAGE = 1_000  # changes in one answer at most

_Context = Any


class BillingServicer(billing_pb2_grpc.BillingServiceServicer):
    """Translates and calls the use cases; nothing is decided here."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def ListPlans(  # noqa: N802 - the contract's name
        self,
        request: billing_pb2.ListPlansRequest,  # noqa: ARG002
        context: _Context,  # noqa: ARG002
    ) -> billing_pb2.ListPlansResponse:
        plans = await list_plans(self._engine)
        return billing_pb2.ListPlansResponse(plans=[messages.plan(plan) for plan in plans])

    async def ListSubscriptionChanges(  # noqa: N802
        self,
        request: billing_pb2.ListSubscriptionChangesRequest,
        context: _Context,  # noqa: ARG002
    ) -> billing_pb2.ListSubscriptionChangesResponse:
        after = request.after_revision
        changes = await list_subscription_changes(self._engine, after_revision=after, limit=_page(request.limit))
        return billing_pb2.ListSubscriptionChangesResponse(
            subscriptions=[messages.subscription(change) for change in changes],
            revision=changes[-1].revision if changes else after,
        )

    async def ListEntitlementChanges(  # noqa: N802
        self,
        request: billing_pb2.ListEntitlementChangesRequest,
        context: _Context,  # noqa: ARG002
    ) -> billing_pb2.ListEntitlementChangesResponse:
        after = request.after_revision
        changes = await list_entitlement_changes(self._engine, after_revision=after, limit=_page(request.limit))
        return billing_pb2.ListEntitlementChangesResponse(
            entitlements=[messages.entitlement(change) for change in changes],
            revision=changes[-1].revision if changes else after,
        )


def _page(limit: int) -> int:
    return min(limit or PAGE, PAGE)
