"""The change lists of tenancy and billing. Every call may raise Unavailable."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from contracts.billing.v1 import billing_pb2
from contracts.billing.v1.billing_pb2_grpc import BillingServiceStub
from contracts.tenancy.v1 import tenancy_pb2
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from owner_portal.clients.channels import Channel
from owner_portal.clients.timestamps import from_timestamp, to_timestamp
from owner_portal.directory.messages import from_company, from_subscription
from owner_portal.directory.rules import Company, Subscription, SyncTime


class CompanyChanges:
    """Calls over tenancy's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = TenancyServiceStub(channel.grpc)

    async def list_changes(self, after: int) -> tuple[Sequence[Company], int]:
        """One page of companies changed after a revision, and the revision after which the next page starts.

        Refused: tenancy knows no such revision; it was restored from a backup.
        """
        request = tenancy_pb2.ListCompanyChangesRequest(after_revision=after)
        answer = await self._channel.ask(self._stub.ListCompanyChanges, request)
        return [from_company(company) for company in answer.companies], answer.revision

    async def list_sync_times(self, since: datetime | None) -> tuple[Sequence[SyncTime], datetime]:
        """Sync times recorded at or after a moment (None: all), and the moment at which the next request starts."""
        request = tenancy_pb2.ListSyncTimesRequest(since=to_timestamp(since) if since else None)
        answer = await self._channel.ask(self._stub.ListSyncTimes, request)
        times = [SyncTime(UUID(time.company_id), from_timestamp(time.last_sync_at)) for time in answer.times]
        return times, from_timestamp(answer.as_of)


class SubscriptionChanges:
    """Calls over billing's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = BillingServiceStub(channel.grpc)

    async def list_changes(self, after: int) -> tuple[Sequence[Subscription], int]:
        """One page of subscriptions changed after a revision, and the revision after which the next page starts.

        Refused: billing knows no such revision; it was restored from a backup.
        """
        request = billing_pb2.ListSubscriptionChangesRequest(after_revision=after)
        answer = await self._channel.ask(self._stub.ListSubscriptionChanges, request)
        return [from_subscription(subscription) for subscription in answer.subscriptions], answer.revision
