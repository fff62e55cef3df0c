"""Calls to billing: what companies are entitled to, and until when."""

from datetime import UTC
from uuid import UUID

from contracts.billing.v1 import billing_pb2, billing_pb2_grpc
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings
from tracking.access.rules.directory import Entitlement

_SERVICE = "contracts.billing.v1.BillingService"


class BillingClient:
    """A gRPC channel to billing."""

    def __init__(self, address: str, tls: TlsSettings) -> None:
        self._channel = open_channel(
            address, tls, server_name="billing", idempotent=[f"{_SERVICE}/ListEntitlementChanges"]
        )
        self._stub = billing_pb2_grpc.BillingServiceStub(self._channel)

    async def entitlement_changes(self, after_revision: int) -> tuple[list[Entitlement], int]:
        """One page of the entitlements changed after the revision, and the revision to continue from."""
        request = billing_pb2.ListEntitlementChangesRequest(after_revision=after_revision)
        response = await call(self._stub.ListEntitlementChanges, request)
        return [_from_message(message) for message in response.entitlements], response.revision

    async def close(self) -> None:
        """Closes the channel."""
        await self._channel.close(None)


def _from_message(message: billing_pb2.Entitlement) -> Entitlement:
    return Entitlement(
        company_id=UUID(message.company_id),
        access_until=message.access_until.ToDatetime(tzinfo=UTC),
        seats=message.seats,
        storage_bytes=message.storage_bytes,
        screenshot_retention_days=message.screenshot_retention_days,
    )
