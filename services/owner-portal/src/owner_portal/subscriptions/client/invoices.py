"""billing: charges and payments of one company. Every call may raise Unavailable."""

from datetime import datetime
from uuid import UUID

from contracts.billing.v1 import invoices_pb2 as pb
from contracts.billing.v1.invoices_pb2_grpc import InvoiceServiceStub
from owner_portal.clients.actions import Action
from owner_portal.clients.channels import Channel
from owner_portal.clients.timestamps import to_timestamp
from owner_portal.directory.messages import from_subscription
from owner_portal.directory.rules import Subscription
from owner_portal.plans.messages import from_money, to_action, to_money
from owner_portal.plans.rules.plans import Money
from owner_portal.subscriptions import messages
from owner_portal.subscriptions.rules.payments import Line, Payment


class InvoiceClient:
    """Calls over billing's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = InvoiceServiceStub(channel.grpc)

    async def lines(self, company_id: UUID, *, before_id: str = "", limit: int) -> list[Line]:
        """Charges and credits, the newest first; `before_id`: the last one of the page before."""
        request = pb.ListInvoiceLinesRequest(company_id=str(company_id), before_id=before_id, limit=limit)
        answer = await self._channel.ask(self._stub.ListInvoiceLines, request)
        return [messages.from_line(line) for line in answer.lines]

    async def payments(self, company_id: UUID, *, before_id: str = "", limit: int) -> list[Payment]:
        """Payments, the newest first; `before_id`: the last one of the page before."""
        request = pb.ListPaymentsRequest(company_id=str(company_id), before_id=before_id, limit=limit)
        answer = await self._channel.ask(self._stub.ListPayments, request)
        return [messages.from_payment(payment) for payment in answer.payments]

    async def payment(self, company_id: UUID, payment_id: UUID) -> Payment:
        """NotFound: the company has no such payment."""
        request = pb.GetPaymentRequest(company_id=str(company_id), payment_id=str(payment_id))
        return messages.from_payment((await self._channel.ask(self._stub.GetPayment, request)).payment)

    async def record_payment(
        self,
        company_id: UUID,
        amount: Money,
        reference: str,
        received_at: datetime | None,
        action: Action,
        *,
        only_what_is_owed: bool,
    ) -> tuple[Payment, Subscription, Money]:
        """The payment, the subscription and the new balance (negative: credit).

        `received_at` None: now. NotFound: no subscription. Conflict: the reference is already recorded. InvalidInput.
        Refused: it exceeds the balance, and that is not confirmed or the company is closed.
        """
        request = pb.RecordPaymentRequest(
            company_id=str(company_id),
            amount=to_money(amount),
            reference=reference,
            received_at=to_timestamp(received_at) if received_at else None,
            action=to_action(action),
            only_what_is_owed=only_what_is_owed,
        )
        return _paid(await self._channel.ask(self._stub.RecordPayment, request))

    async def reverse_payment(
        self, company_id: UUID, payment_id: UUID, action: Action
    ) -> tuple[Payment, Subscription, Money]:
        """The reversal, the subscription and the new balance.

        NotFound: the company has no such payment. Refused: it was already reversed.
        """
        request = pb.ReversePaymentRequest(
            company_id=str(company_id), payment_id=str(payment_id), action=to_action(action)
        )
        return _paid(await self._channel.ask(self._stub.ReversePayment, request))

    async def mark_past_due(self, company_id: UUID, action: Action) -> Subscription:
        """NotFound: no subscription. Refused: it is not active, or there is no balance due."""
        request = pb.MarkPastDueRequest(company_id=str(company_id), action=to_action(action))
        return from_subscription((await self._channel.ask(self._stub.MarkPastDue, request)).subscription)


def _paid(answer: pb.RecordPaymentResponse | pb.ReversePaymentResponse) -> tuple[Payment, Subscription, Money]:
    return (
        messages.from_payment(answer.payment),
        from_subscription(answer.subscription),
        from_money(answer.owed),
    )
