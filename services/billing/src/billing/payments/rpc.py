"""InvoiceService over gRPC; the guard before it has checked who is calling."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.rpc import owner_action
from billing.fields.messages import from_company_id, from_limit, from_money, from_optional_id, from_timestamp, to_money
from billing.invoices.messages import to_issued_line
from billing.invoices.use_cases import list_invoice_lines
from billing.payments.client import PaymentAdapters
from billing.payments.messages import to_payment
from billing.payments.use_cases import Paid, get_payment, list_payments, record_payment, reverse_payment
from billing.subscriptions.messages import to_subscription
from billing.subscriptions.use_cases.lifecycle import mark_past_due
from billing.subscriptions.use_cases.plan_change import Changed
from billing.subscriptions.use_cases.record_changes import Encode
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
            company_id=from_optional_id(request.company_id, "company_id"),
            before=from_optional_id(request.before_id, "before_id"),
            limit=from_limit(request.limit),
        )
        return pb.ListInvoiceLinesResponse(lines=[to_issued_line(line) for line in lines])

    async def ListPayments(self, request: pb.ListPaymentsRequest, context: _Context) -> pb.ListPaymentsResponse:
        payments = await list_payments(
            self._engine,
            company_id=from_optional_id(request.company_id, "company_id"),
            before=from_optional_id(request.before_id, "before_id"),
            limit=from_limit(request.limit),
        )
        return pb.ListPaymentsResponse(payments=[to_payment(payment) for payment in payments])

    async def GetPayment(self, request: pb.GetPaymentRequest, context: _Context) -> pb.GetPaymentResponse:
        payment = await get_payment(
            self._engine,
            company_id=from_company_id(request.company_id),
            payment_id=parse_id(request.payment_id, "payment_id"),
        )
        return pb.GetPaymentResponse(payment=to_payment(payment))

    async def RecordPayment(self, request: pb.RecordPaymentRequest, context: _Context) -> pb.RecordPaymentResponse:
        received = request.received_at if request.HasField("received_at") else None
        return await owner_action(
            request,
            pb.RecordPaymentResponse,
            _paid,
            lambda owner: record_payment(
                self._engine,
                self._encode,
                self._adapters.find(request.method),
                request=owner,
                company_id=from_company_id(request.company_id),
                amount=from_money(request.amount, "amount"),
                reference=request.reference,
                received_at=received and from_timestamp(received, "received_at"),
                only_what_is_owed=request.only_what_is_owed,
                now=datetime.now(UTC),
            ),
        )

    async def ReversePayment(self, request: pb.ReversePaymentRequest, context: _Context) -> pb.ReversePaymentResponse:
        return await owner_action(
            request,
            pb.ReversePaymentResponse,
            _reversed,
            lambda owner: reverse_payment(
                self._engine,
                self._encode,
                request=owner,
                company_id=from_company_id(request.company_id),
                payment_id=parse_id(request.payment_id, "payment_id"),
                now=datetime.now(UTC),
            ),
        )

    async def MarkPastDue(self, request: pb.MarkPastDueRequest, context: _Context) -> pb.MarkPastDueResponse:
        return await owner_action(
            request,
            pb.MarkPastDueResponse,
            _marked,
            lambda owner: mark_past_due(
                self._engine,
                self._encode,
                request=owner,
                company_id=from_company_id(request.company_id),
                now=datetime.now(UTC),
            ),
        )


def _paid(paid: Paid) -> pb.RecordPaymentResponse:
    return pb.RecordPaymentResponse(
        payment=to_payment(paid.payment),
        subscription=to_subscription(paid.record),
        owed=to_money(paid.owed),
    )


def _reversed(paid: Paid) -> pb.ReversePaymentResponse:
    return pb.ReversePaymentResponse(
        payment=to_payment(paid.payment),
        subscription=to_subscription(paid.record),
        owed=to_money(paid.owed),
    )


def _marked(changed: Changed) -> pb.MarkPastDueResponse:
    return pb.MarkPastDueResponse(subscription=to_subscription(changed.record))
