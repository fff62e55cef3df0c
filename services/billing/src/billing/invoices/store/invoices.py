"""Invoice lines and payments: written once, never changed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.actions.rules.action import Action
from billing.money.rules.money import Money
from billing.payments.rules.payment import InvoiceLine, Payment
from billing.plans.store import plans
from billing.subscriptions.rules.change import Line, LineKind

_ADD_LINES = text("""
    INSERT INTO invoice_line
        (id, company_id, revision, kind, minor_units, plan_code, plan_version, covers_from, covers_until, issued_at)
    VALUES
        (:id, :company_id, :revision, :kind, :minor_units, :plan_code, :plan_version, :covers_from, :covers_until,
         :issued_at)
""")

_LINES = text(f"""
    SELECT l.id, l.company_id, l.revision, l.kind, l.minor_units, l.covers_from, l.covers_until, l.issued_at,
           {plans.COLUMNS}
    FROM invoice_line l JOIN plan_version p ON (p.code, p.version) = (l.plan_code, l.plan_version)
    WHERE (CAST(:company_id AS uuid) IS NULL OR l.company_id = :company_id)
    AND (CAST(:before AS uuid) IS NULL
         OR (l.revision, l.id) < (SELECT b.revision, b.id FROM invoice_line b WHERE b.id = :before))
    ORDER BY l.revision DESC, l.id DESC LIMIT :limit
""")

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

_OWED = text("""
    SELECT CAST(coalesce((SELECT sum(minor_units) FROM invoice_line WHERE company_id = :company_id), 0)
              - coalesce((SELECT sum(minor_units) FROM payment WHERE company_id = :company_id), 0) AS bigint)
""")

_ISSUED_AFTER = text("""
    SELECT CAST(coalesce(sum(minor_units), 0) AS bigint) FROM invoice_line
    WHERE company_id = :company_id AND issued_at > :moment
""")


async def add_lines(tx: AsyncConnection, lines: Sequence[InvoiceLine]) -> None:
    """Issues them; nothing for none."""
    rows = [
        {
            "id": each.id,
            "company_id": each.company_id,
            "revision": each.revision,
            "kind": each.line.kind,
            "minor_units": each.line.minor_units,
            "plan_code": each.line.plan.code,
            "plan_version": each.line.plan.version,
            "covers_from": each.line.covers_from,
            "covers_until": each.line.covers_until,
            "issued_at": each.issued_at,
        }
        for each in lines
    ]
    if rows:
        await tx.execute(_ADD_LINES, rows)


async def lines(tx: AsyncConnection, *, company_id: UUID | None, before: UUID | None, limit: int) -> list[InvoiceLine]:
    """Up to `limit` lines of one company or of all, newest first, older than one."""
    rows = await tx.execute(_LINES, {"company_id": company_id, "before": before, "limit": limit})
    return [
        InvoiceLine(
            row.id,
            row.company_id,
            row.revision,
            Line(LineKind(row.kind), plans.from_row(row), row.minor_units, row.covers_from, row.covers_until),
            row.issued_at,
        )
        for row in rows
    ]


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


async def owed(tx: AsyncConnection, company_id: UUID) -> int:
    """Minor units charged and not paid; negative when paid in advance."""
    return int((await tx.execute(_OWED, {"company_id": company_id})).scalar_one())


async def issued_after(tx: AsyncConnection, company_id: UUID, moment: datetime) -> int:
    """Minor units charged, less those credited, by changes that hold from later than the moment."""
    return int((await tx.execute(_ISSUED_AFTER, {"company_id": company_id, "moment": moment})).scalar_one())


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
