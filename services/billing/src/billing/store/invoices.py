"""Invoice lines and payments: written once, never changed."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.domain.action import Action
from billing.domain.change import Line, LineKind
from billing.domain.money import Money
from billing.domain.payment import InvoiceLine, Payment
from billing.store import plans

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
        (id, company_id, minor_units, currency, method, reference, received_at, recorded_at, actor, reason)
    VALUES
        (:id, :company_id, :minor_units, :currency, :method, :reference, :received_at, :recorded_at, :actor, :reason)
    ON CONFLICT (method, reference) WHERE reference <> '' DO NOTHING
    RETURNING true
""")

_PAYMENTS = text("""
    SELECT id, company_id, minor_units, currency, method, reference, received_at, recorded_at, actor, reason
    FROM payment
    WHERE (CAST(:company_id AS uuid) IS NULL OR company_id = :company_id)
    AND (CAST(:before AS uuid) IS NULL
         OR (recorded_at, id) < (SELECT b.recorded_at, b.id FROM payment b WHERE b.id = :before))
    ORDER BY recorded_at DESC, id DESC LIMIT :limit
""")

_OWED = text("""
    SELECT CAST(coalesce((SELECT sum(minor_units) FROM invoice_line WHERE company_id = :company_id), 0)
              - coalesce((SELECT sum(minor_units) FROM payment WHERE company_id = :company_id), 0) AS bigint)
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


async def add_payment(tx: AsyncConnection, payment: Payment) -> bool:
    """Notes it; False when the method's reference is there already."""
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
    }
    return (await tx.execute(_ADD_PAYMENT, values)).scalar_one_or_none() is not None


async def payments(tx: AsyncConnection, *, company_id: UUID | None, before: UUID | None, limit: int) -> list[Payment]:
    """Up to `limit` payments of one company or of all, newest first, older than one."""
    rows = await tx.execute(_PAYMENTS, {"company_id": company_id, "before": before, "limit": limit})
    return [
        Payment(
            id=row.id,
            company_id=row.company_id,
            amount=Money(row.minor_units, row.currency),
            method=row.method,
            reference=row.reference,
            received_at=row.received_at,
            recorded_at=row.recorded_at,
            action=Action(row.actor, row.reason),
        )
        for row in rows
    ]


async def owed(tx: AsyncConnection, company_id: UUID) -> int:
    """Minor units charged and not paid; negative when paid in advance."""
    return int((await tx.execute(_OWED, {"company_id": company_id})).scalar_one())
