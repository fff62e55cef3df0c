"""Payments: written once, never changed."""

from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.actions.rules import Action
from billing.money.rules import Money
from billing.payments.rules import Payment

_ADD_PAYMENT = text("""
    INSERT INTO payment
        (id, company_id, minor_units, currency, method, reference, received_at, recorded_at, actor, reason, reverses)
    VALUES
        (:id, :company_id, :minor_units, :currency, :method, :reference, :received_at, :recorded_at, :actor, :reason,
         :reverses)
""")

_IS_REVERSED = "EXISTS (SELECT FROM payment r WHERE r.reverses = p.id)"

_IS_TAKEN = text(f"""
    SELECT EXISTS (
        SELECT FROM payment p
        WHERE p.method = :method AND p.reference = :reference AND p.reference <> '' AND NOT {_IS_REVERSED}
    )
""")

_SELECT_PAYMENT = f"""
    SELECT p.id, p.company_id, p.minor_units, p.currency, p.method, p.reference, p.received_at, p.recorded_at, p.actor,
           p.reason, p.reverses, {_IS_REVERSED} AS is_reversed
    FROM payment p
"""

_PAYMENT = text(f"{_SELECT_PAYMENT} WHERE p.id = :id")

_PAYMENTS = text(f"""
    {_SELECT_PAYMENT}
    WHERE (CAST(:company_id AS uuid) IS NULL OR p.company_id = :company_id)
    AND (CAST(:before AS uuid) IS NULL
         OR (p.recorded_at, p.id) < (SELECT b.recorded_at, b.id FROM payment b WHERE b.id = :before))
    ORDER BY p.recorded_at DESC, p.id DESC LIMIT :limit
""")


async def is_taken(tx: AsyncConnection, method: str, reference: str) -> bool:
    """Whether a payment that counts has the method's reference. The caller holds the clock's lock."""
    return bool((await tx.execute(_IS_TAKEN, {"method": method, "reference": reference})).scalar_one())


async def add_payment(tx: AsyncConnection, payment: Payment) -> None:
    """Notes it."""
    values = {
        "id": payment.id,
        "company_id": payment.company_id,
        "minor_units": payment.amount.minor_units,
        "currency": payment.amount.currency,
        "method": payment.method,
        "reference": payment.reference,
        "received_at": payment.received_at,
        "recorded_at": payment.recorded_at,
        "actor": payment.action.actor,
        "reason": payment.action.reason,
        "reverses": payment.reverses,
    }
    await tx.execute(_ADD_PAYMENT, values)


async def find_payment(tx: AsyncConnection, payment_id: UUID) -> Payment | None:
    """None when there is none."""
    row = (await tx.execute(_PAYMENT, {"id": payment_id})).one_or_none()
    return None if row is None else _payment(row)


async def payments(tx: AsyncConnection, *, company_id: UUID | None, before: UUID | None, limit: int) -> list[Payment]:
    """Up to `limit` payments of one company or of all, newest first, older than one."""
    rows = await tx.execute(_PAYMENTS, {"company_id": company_id, "before": before, "limit": limit})
    return [_payment(row) for row in rows]


def _payment(row: Row[tuple[object, ...]]) -> Payment:
    return Payment(
        id=row.id,
        company_id=row.company_id,
        amount=Money(row.minor_units, row.currency),
        method=row.method,
        reference=row.reference,
        received_at=row.received_at,
        recorded_at=row.recorded_at,
        action=Action(row.actor, row.reason),
        reverses=row.reverses,
        is_reversed=row.is_reversed,
    )
