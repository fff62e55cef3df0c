"""billing: plans, and what the portal keeps a copy of. Every call may raise Unavailable."""

from collections.abc import Sequence

from contracts.billing.v1 import audit_pb2, invoices_pb2, plans_pb2, revenue_pb2, subscriptions_pb2
from contracts.billing.v1 import billing_pb2 as pb
from contracts.billing.v1.billing_pb2_grpc import BillingServiceStub
from owner_portal.audit.client import BillingAudit
from owner_portal.clients.channels import Channel
from owner_portal.directory.rules.companies import Plan, Subscription
from owner_portal.plans.client.plans import Plans
from owner_portal.reports.client import Revenue
from owner_portal.subscriptions.client.invoices import Invoices
from owner_portal.subscriptions.client.subscriptions import Subscriptions
from owner_portal.subscriptions.messages import from_plan, from_subscription
from servicekit.settings import TlsSettings

_CONTRACTS = tuple(file.DESCRIPTOR for file in (pb, audit_pb2, invoices_pb2, plans_pb2, revenue_pb2, subscriptions_pb2))


class Billing:
    """One channel a process; `subscriptions` and `invoices` are the calls about those of one company.

    `plans` edits the catalogue, `revenue` reports, `audit` tells what owners did.
    """

    def __init__(self, address: str, tls: TlsSettings) -> None:
        """`address`: host:port."""
        self.channel = Channel(address, tls, service="billing", files=_CONTRACTS)
        self.subscriptions = Subscriptions(self.channel)
        self.invoices = Invoices(self.channel)
        self.plans = Plans(self.channel)
        self.revenue = Revenue(self.channel)
        self.audit = BillingAudit(self.channel)
        self._stub = BillingServiceStub(self.channel.grpc)

    async def close(self) -> None:
        """Ends the channel."""
        await self.channel.close()

    async def list_plans(self) -> list[Plan]:
        """The plans on offer, cheapest first."""
        answer = await self.channel.ask(self._stub.ListPlans, pb.ListPlansRequest())
        return [from_plan(plan) for plan in answer.plans]

    async def list_changes(self, after: int) -> tuple[Sequence[Subscription], int]:
        """One page of subscriptions changed after a revision, and the revision after which to ask again.

        Refused: billing knows no such revision; it was restored from a backup.
        """
        request = pb.ListSubscriptionChangesRequest(after_revision=after)
        answer = await self.channel.ask(self._stub.ListSubscriptionChanges, request)
        return [from_subscription(subscription) for subscription in answer.subscriptions], answer.revision
