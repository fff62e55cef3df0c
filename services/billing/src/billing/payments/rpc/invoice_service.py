"""InvoiceService over gRPC; the guard before it has checked who is calling."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.messages.owner_request import changing
from billing.doors.messages import requests
from billing.invoices.messages import lines as money_messages
from billing.invoices.use_cases.list_invoice_lines import list_invoice_lines
from billing.payments.client.adapters import PaymentAdapters
from billing.payments.use_cases.get_payment import get_payment
from billing.payments.use_cases.list_payments import list_payments
from billing.payments.use_cases.record_payment import Paid, record_payment
from billing.payments.use_cases.reverse_payment import reverse_payment
from billing.subscriptions.messages import subscriptions as messages
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.change_plan import Changed
from billing.subscriptions.use_cases.mark_past_due import mark_past_due
from contracts.billing.v1 import invoices_pb2 as pb
from contracts.billing.v1.invoices_pb2_grpc import InvoiceServiceServicer
from servicekit.ids import parse_id

_Context = Any


class InvoiceServicer(InvoiceServiceServicer):
    """Translates and calls the use cases; nothing is decided here."""

    def __init__(self, engine: AsyncEngine, encode: Encode, adapters: PaymentAdapters) -> None:
        self._engine = engine
        self._encode = encode
        self._adapters = adapters

    async def ListInvoiceLines(
        self, request: pb.ListInvoiceLinesRequest, context: _Context
    ) -> pb.ListInvoiceLinesResponse:
        lines = await list_invoice_lines(
            self._engine,
            company_id=requests.optional_id(request.company_id, "company_id"),
            before=requests.optional_id(request.before_id, "before_id"),
            limit=requests.limit(request.limit),
        )
        return pb.ListInvoiceLinesResponse(lines=[money_messages.invoice_line(line) for line in lines])

    async def ListPayments(self, request: pb.ListPaymentsRequest, context: _Context) -> pb.ListPaymentsResponse:
        payments = await list_payments(
            self._engine,
            company_id=requests.optional_id(request.company_id, "company_id"),
            before=requests.optional_id(request.before_id, "before_id"),
            limit=requests.limit(request.limit),
        )
        return pb.ListPaymentsResponse(payments=[money_messages.payment(payment) for payment in payments])

    async def GetPayment(self, request: pb.GetPaymentRequest, context: _Context) -> pb.GetPaymentResponse:
        payment = await get_payment(
            self._engine,
            company_id=requests.company(request.company_id),
            payment_id=parse_id(request.payment_id, "payment_id"),
        )
        return pb.GetPaymentResponse(payment=money_messages.payment(payment))

    async def RecordPayment(self, request: pb.RecordPaymentRequest, context: _Context) -> pb.RecordPaymentResponse:
        received = request.received_at if request.HasField("received_at") else None
        answer = await record_payment(
            self._engine,
            self._encode,
            self._adapters.find(request.method),
            request=changing(request, _paid),
            company_id=requests.company(request.company_id),
            amount=requests.money(request.amount, "amount"),
            reference=request.reference,
            received_at=received and requests.moment(received, "received_at"),
            only_what_is_owed=request.only_what_is_owed,
            now=datetime.now(UTC),
        )
        return pb.RecordPaymentResponse.FromString(answer)

    async def ReversePayment(self, request: pb.ReversePaymentRequest, context: _Context) -> pb.ReversePaymentResponse:
        answer = await reverse_payment(
            self._engine,
            self._encode,
            request=changing(request, _reversed),
            company_id=requests.company(request.company_id),
            payment_id=parse_id(request.payment_id, "payment_id"),
            now=datetime.now(UTC),
        )
        return pb.ReversePaymentResponse.FromString(answer)

    async def MarkPastDue(self, request: pb.MarkPastDueRequest, context: _Context) -> pb.MarkPastDueResponse:
        answer = await mark_past_due(
            self._engine,
            self._encode,
            request=changing(request, _marked),
            company_id=requests.company(request.company_id),
            now=datetime.now(UTC),
        )
        return pb.MarkPastDueResponse.FromString(answer)


def _paid(paid: Paid) -> pb.RecordPaymentResponse:
    return pb.RecordPaymentResponse(
        payment=money_messages.payment(paid.payment),
        subscription=messages.subscription(paid.record),
        owed=messages.money(paid.owed),
    )


def _reversed(paid: Paid) -> pb.ReversePaymentResponse:
    return pb.ReversePaymentResponse(
        payment=money_messages.payment(paid.payment),
        subscription=messages.subscription(paid.record),
        owed=messages.money(paid.owed),
    )


def _marked(changed: Changed) -> pb.MarkPastDueResponse:
    return pb.MarkPastDueResponse(subscription=messages.subscription(changed.record))
