"""Invoice lines as messages of the contract."""

from datetime import datetime
from uuid import UUID

from billing.fields.messages import to_money, to_optional_timestamp, to_timestamp
from billing.invoices.rules import InvoiceLine, Line
from contracts.billing.v1 import invoices_pb2


def to_line(company_id: UUID, value: Line, issued_at: datetime | None = None) -> invoices_pb2.InvoiceLine:
    """A line of an invoice that may not be issued yet."""
    return invoices_pb2.InvoiceLine(
        company_id=str(company_id),
        kind=invoices_pb2.InvoiceLineKind.Value(f"INVOICE_LINE_KIND_{value.kind}"),
        amount=to_money(value.amount),
        plan_code=value.plan.code,
        plan_version=value.plan.version,
        covers_from=to_timestamp(value.covers_from),
        covers_until=to_timestamp(value.covers_until),
        issued_at=to_optional_timestamp(issued_at),
    )


def to_issued_line(value: InvoiceLine) -> invoices_pb2.InvoiceLine:
    """A line as it was issued."""
    message = to_line(value.company_id, value.line, value.issued_at)
    message.id, message.revision = str(value.id), value.revision
    return message
