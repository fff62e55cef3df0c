"""Payments as messages of the contract."""

from billing.actions.messages import to_action
from billing.fields.messages import to_money, to_timestamp
from billing.payments.rules import Payment
from contracts.billing.v1 import invoices_pb2


def to_payment(value: Payment) -> invoices_pb2.Payment:
    """Money that has arrived, or was taken back."""
    return invoices_pb2.Payment(
        id=str(value.id),
        company_id=str(value.company_id),
        amount=to_money(value.amount),
        method=value.method,
        reference=value.reference,
        received_at=to_timestamp(value.received_at),
        recorded_at=to_timestamp(value.recorded_at),
        action=to_action(value.action),
        reverses=str(value.reverses or ""),
        is_reversed=value.is_reversed,
    )
