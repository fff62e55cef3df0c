"""Money as messages of the contract: lines of invoices and payments."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from billing.payments.rules.payment import InvoiceLine, Payment
from billing.subscriptions.messages import subscriptions as messages
from billing.subscriptions.rules.change import Line, Record
from contracts.billing.v1 import invoices_pb2


def line(company_id: UUID, value: Line, issued_at: datetime | None = None) -> invoices_pb2.InvoiceLine:
    """A line of an invoice that may not be issued yet."""
    return invoices_pb2.InvoiceLine(
        company_id=str(company_id),
        kind=invoices_pb2.InvoiceLineKind.Value(f"INVOICE_LINE_KIND_{value.kind}"),
        amount=messages.money(value.amount),
        plan_code=value.plan.code,
        plan_version=value.plan.version,
        covers_from=messages.timestamp(value.covers_from),
        covers_until=messages.timestamp(value.covers_until),
        issued_at=messages.timestamp(issued_at) if issued_at else None,
    )


def lines(of: Record, values: Iterable[Line]) -> list[invoices_pb2.InvoiceLine]:
    """What a change has just charged or credited."""
    result = [line(of.company_id, value, of.at) for value in values]
    for message in result:
        message.revision = of.revision
    return result


def invoice_line(value: InvoiceLine) -> invoices_pb2.InvoiceLine:
    """A line as it was issued."""
    message = line(value.company_id, value.line, value.issued_at)
    message.id, message.revision = str(value.id), value.revision
    return message


def payment(value: Payment) -> invoices_pb2.Payment:
    """Money that has arrived, or was taken back."""
    return invoices_pb2.Payment(
        id=str(value.id),
        company_id=str(value.company_id),
        amount=messages.money(value.amount),
        method=value.method,
        reference=value.reference,
        received_at=messages.timestamp(value.received_at),
        recorded_at=messages.timestamp(value.recorded_at),
        action=messages.action(value.action),
        reverses=str(value.reverses or ""),
        is_reversed=value.is_reversed,
    )
