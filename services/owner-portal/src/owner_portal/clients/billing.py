"""billing: plans and subscriptions. Every call may raise Unavailable."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import grpc

from contracts.billing.v1 import billing_pb2 as pb
from contracts.billing.v1.billing_pb2_grpc import BillingServiceStub
from owner_portal.clients.naming import named
from owner_portal.clients.times import from_timestamp
from owner_portal.domain.companies import Plan, Status, Subscription
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings

_SERVICE = "contracts.billing.v1.BillingService"
_IDEMPOTENT = [f"{_SERVICE}/{method}" for method in ("ListPlans", "ListSubscriptionChanges")]

_STATES: Mapping[int, Status] = {
    pb.SUBSCRIPTION_STATE_TRIAL: Status.TRIAL,
    pb.SUBSCRIPTION_STATE_ACTIVE: Status.ACTIVE,
    pb.SUBSCRIPTION_STATE_PAST_DUE: Status.PAST_DUE,
    pb.SUBSCRIPTION_STATE_EXPIRED: Status.EXPIRED,
    pb.SUBSCRIPTION_STATE_CANCELLED: Status.CANCELLED,
}


class Billing:
    """One channel a process."""

    def __init__(self, address: str, tls: TlsSettings) -> None:
        """`address`: host:port."""
        self._channel: grpc.aio.Channel = open_channel(address, tls, server_name="billing", idempotent=_IDEMPOTENT)
        self._stub = BillingServiceStub(self._channel)

    async def close(self) -> None:
        """Ends the channel."""
        await self._channel.close(None)

    async def list_plans(self) -> Sequence[Plan]:
        """The plans on offer, cheapest first."""
        with named("Billing"):
            answer = await call(self._stub.ListPlans, pb.ListPlansRequest())
        return [
            Plan(
                code=plan.code,
                name=plan.name,
                price_minor_units=plan.price_per_month.minor_units,
                currency=plan.price_per_month.currency,
                seats=plan.seats,
                storage_bytes=plan.storage_bytes,
                screenshot_retention_days=plan.screenshot_retention_days,
            )
            for plan in answer.plans
        ]

    async def list_changes(self, after: int) -> tuple[Sequence[Subscription], int]:
        """One page of subscriptions changed after a revision, and the revision after which to ask again.

        Refused: billing knows no such revision; it was restored from a backup.
        """
        request = pb.ListSubscriptionChangesRequest(after_revision=after)
        with named("Billing"):
            answer = await call(self._stub.ListSubscriptionChanges, request)
        return [_subscription(subscription) for subscription in answer.subscriptions], answer.revision


def _subscription(message: pb.Subscription) -> Subscription:
    return Subscription(
        company_id=UUID(message.company_id),
        plan_code=message.plan_code,
        state=_STATES[message.state],
        started_at=from_timestamp(message.started_at),
        expires_at=from_timestamp(message.expires_at),
        price_minor_units=message.price_per_month.minor_units,
        currency=message.price_per_month.currency,
        seats=message.seats,
        storage_bytes=message.storage_bytes,
        screenshot_retention_days=message.screenshot_retention_days,
        revision=message.revision,
    )
